import type { RuleFact } from '../apps/ruleFacts.ts';
import type { ApplicationSession } from './applicationSession.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { canHaveChildren } from './desiredObjects.ts';
import { healthOf } from '../health/health.ts';
import { keyOf, type KubeObject } from '../model/objects.ts';
import type { ChildRow, ObjectRow } from '../model/snapshot.ts';
import { descendants } from './objectChecker.ts';
import { toChildRow, toExtraneousRow, toObjectRow } from './rows.ts';

/**
 * Rows of all objects of an application, in the order of the render; then the live ones that are not in Git.
 * @param facts where the repo writes the rules by which fields are left out
 */
export function objectRowsOf(session: ApplicationSession, facts: readonly RuleFact[]): readonly ObjectRow[] {
  const { id } = session.application;
  const { connection } = session;
  return [
    ...session.objects.map((object) => toObjectRow(id, object, hasChildren(object.live, connection), facts)),
    ...session.extraneous.map((object) => toExtraneousRow(id, object, hasChildren(object.live, connection))),
  ];
}

/**
 * Rows of the live objects below one.
 * @param key `keyString` of a desired object
 * @param uid the parent when it is itself a child
 */
export function childRowsOf(session: ApplicationSession, key: string, uid: string | undefined): readonly ChildRow[] {
  const { connection } = session;
  const parentUid = uid ?? session.object(key)?.live?.metadata['uid'];
  if (connection === undefined || typeof parentUid !== 'string') return [];
  return connection.watches
    .childrenOf(parentUid)
    .map((child) => {
      const health = healthOf(child, { children: descendants(child, keyOf(child), connection), nowMs: Date.now() });
      return toChildRow(child, health, hasChildren(child, connection));
    })
    .sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind.localeCompare(b.kind)));
}

function hasChildren(live: KubeObject | undefined, connection: ClusterConnection | undefined): boolean {
  if (live === undefined || connection === undefined) return false;
  const key = keyOf(live);
  const { uid } = live.metadata;
  return canHaveChildren(key.group, key.kind) && typeof uid === 'string' && connection.watches.childrenOf(uid).length > 0;
}
