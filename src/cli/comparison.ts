import type { Application } from '../engine/model/application.ts';
import type { ApplicationState, Reason } from '../engine/model/states.ts';
import type { ExtraneousObject } from '../engine/sessions/extraneous.ts';
import type { TrackedObject } from '../engine/sessions/trackedObject.ts';

/** One application with its verdicts, however they were reached. */
export interface Comparison {
  readonly application: Application;
  readonly state: ApplicationState;
  readonly reasons: readonly Reason[];
  /** what Git's side is: `origin/main`, `v1.2`, `worktree` */
  readonly refName?: string;
  /** full commit id; absent for the working tree */
  readonly commit?: string;
  readonly objects: readonly TrackedObject[];
  /** live objects of the application that Git does not have */
  readonly extraneous: readonly ExtraneousObject[];
  readonly renderMs: number;
  /** only some of the application's objects were asked for */
  readonly isPartial: boolean;
}

/** What a run cost. Times in milliseconds. */
export interface Counters {
  readonly apiCalls: number;
  readonly dryRuns: number;
  readonly provedLocally: number;
  readonly provedByDryRun: number;
  readonly bytesReceived: number;
  readonly milliseconds: Readonly<Record<'repository' | 'render' | 'compare' | 'total', number>>;
}

/** Object states in which live and Git differ. */
const differing: readonly string[] = ['drifted', 'drifted (not confirmed)', 'differs', 'out of sync', 'missing', 'extraneous'];
/** Object states that prove nothing. */
const open: readonly string[] = ['cannot compare', 'unverified', 'pending'];

/** What is in Git and what only is in the cluster. */
export function judgedObjects({ objects, extraneous }: Comparison): readonly Pick<TrackedObject, 'key' | 'verdict'>[] {
  return [...objects, ...extraneous];
}

/** Whether an object differs between Git and the cluster. */
export function isDifferent({ verdict }: Pick<TrackedObject, 'verdict'>): boolean {
  return differing.includes(verdict.state);
}

/** Whether an object could not be judged. */
export function isOpen({ verdict }: Pick<TrackedObject, 'verdict'>): boolean {
  return open.includes(verdict.state);
}

/** Whether a part of an application could not be judged, so that silence would not mean "no difference". */
export function isIncomplete({ state, objects, isPartial }: Comparison): boolean {
  const isReadable = isPartial ? objects.length > 0 : !open.includes(state);
  return !isReadable || objects.some((object) => isOpen(object));
}
