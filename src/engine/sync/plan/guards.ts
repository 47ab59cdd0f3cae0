import { displayName } from '../../model/objects.ts';
import { stringAt } from '../../model/json.ts';
import type { Reason } from '../../model/states.ts';
import type { RevertConnection, RevertItem } from '../revertTypes.ts';

/**
 * Why an object may not be written to at all, or undefined. Ownership and the cluster's identity come first (design.md §9, §10):
 * nobody else's object is touched, and no cluster but the one that the environment pins.
 */
export function refusalOf(item: RevertItem, connection: Pick<RevertConnection, 'context' | 'uid'>): Reason | undefined {
  return ownerRefusal(item) ?? clusterRefusal(item, connection) ?? stateRefusal(item);
}

/** Why an object is somebody else's, or undefined. */
export function ownerRefusal({ application, key, mark }: Pick<RevertItem, 'application' | 'key' | 'mark'>): Reason | undefined {
  const object = displayName(key);
  if (mark !== undefined && mark.owner !== 'plumbline' && mark.owner !== 'unmanaged') {
    return { code: `owned-by-${mark.owner}`, details: { object, owner: mark.name } };
  }
  if (application.owner === 'plumbline') return undefined;
  if (application.owner === 'unmanaged') return { code: 'not-managed', details: { object, application: application.name } };
  return { code: `owned-by-${application.owner}`, details: { object, owner: application.name } };
}

/** Why the cluster is not to be written to for an application, or undefined. */
export function clusterRefusal(
  { application }: Pick<RevertItem, 'application'>,
  { context, uid }: Pick<RevertConnection, 'context' | 'uid'>,
): Reason | undefined {
  const { destination } = application;
  const environment = destination?.environment ?? '';
  if (uid === undefined) return { code: 'cluster-not-verified', details: { context, environment } };
  const expected = destination?.clusterUid;
  if (expected === undefined) return { code: 'cluster-not-pinned', details: { context, environment, actual: uid } };
  return expected === uid ? undefined : { code: 'wrong-cluster', details: { context, expectedUid: expected, uid } };
}

function stateRefusal({ key, live, verdict, restored }: RevertItem): Reason | undefined {
  const object = displayName(key);
  if (verdict.state === 'unverified' || verdict.state === 'cannot compare' || verdict.state === 'pending') {
    return { code: 'object-not-verified', details: { object, state: verdict.state, cause: verdict.reason?.code } };
  }
  if (restored === undefined) return { code: 'not-in-revision', details: { object } };
  const deletedAt = live === undefined ? undefined : stringAt(live.metadata, 'deletionTimestamp');
  return deletedAt === undefined ? undefined : { code: 'being-deleted', details: { object, time: deletedAt } };
}
