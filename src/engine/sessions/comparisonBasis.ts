import type { ClusterConnection, WatchOutcome, WatchStatus } from '../cluster/api.ts';
import type { Application } from '../model/application.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';

/** What a comparison rests on beside the live objects: while it is the same, the watch tells of everything that moves a verdict. */
export interface ComparisonBasis {
  readonly application: Application;
  /** key of the render */
  readonly render: string;
  readonly connection: ClusterConnection;
  readonly kinds: readonly ResourceInfo[];
}

/** Whether two comparisons rest on the same. */
export function isSameBasis(left: ComparisonBasis, right: ComparisonBasis): boolean {
  return left.render === right.render && left.kinds === right.kinds && isSameDestination(left, right);
}

/** Whether two comparisons are of one application in one cluster; what Git renders to and the kinds are compared object by object. */
export function isSameDestination(left: ComparisonBasis, right: ComparisonBasis): boolean {
  return left.application === right.application && left.connection === right.connection;
}

/** Whether objects cannot be compared for want of a watch; of a kind that is not served yet the verdict tells. */
export function isWatchProblem({ state, interest, reason }: WatchOutcome): boolean {
  return state === 'failed' && interest.isChildOnly !== true && reason?.code !== 'unknown-kind';
}

/** Whether a watch that is in sync now shows what could not be watched before. */
export function isMendedBy({ gvk, namespace }: WatchStatus, problems: readonly WatchOutcome[]): boolean {
  return problems.some(
    ({ interest }) =>
      interest.gvk.kind === gvk.kind && interest.gvk.group === gvk.group && (namespace === '' || namespace === interest.namespace),
  );
}
