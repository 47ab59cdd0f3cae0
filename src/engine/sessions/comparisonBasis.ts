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
  return left.render === right.render && isSameButRender(left, right);
}

/** Whether two comparisons rest on the same but for what Git renders to. */
export function isSameButRender(left: ComparisonBasis, right: ComparisonBasis): boolean {
  return left.application === right.application && left.connection === right.connection && left.kinds === right.kinds;
}

/** Whether a watch that is in sync now shows what could not be watched before. */
export function isMendedBy({ gvk, namespace }: WatchStatus, problems: readonly WatchOutcome[]): boolean {
  return problems.some(
    ({ interest }) =>
      interest.gvk.kind === gvk.kind && interest.gvk.group === gvk.group && (namespace === '' || namespace === interest.namespace),
  );
}
