import { timeSlices } from '../../base/async.ts';
import { type AppError, isAppError } from '../../base/errors.ts';
import { CheckAgain } from './checkAgain.ts';
import type { ClusterConnection, WatchOutcome } from '../cluster/api.ts';
import { type DesiredObject, watchFailureOf } from './desiredObjects.ts';
import type { Baseline } from '../drift/judgement.ts';
import type { Application } from '../model/application.ts';
import { gvkOf, keyString, type ObjectKey } from '../model/objects.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { ObjectChecker } from './objectChecker.ts';
import { cannotCompare, looksAlike, type TrackedObject } from './trackedObject.ts';

/** the longest that checks hold the event loop, so that a live edit elsewhere is seen at once */
const sliceMs = 8;

/** What the checks of one application rest on. */
export interface CheckScope {
  readonly application: Application;
  readonly connection: ClusterConnection;
  /** target's files, for the lines */
  readonly tree: SourceTree;
  readonly desired: readonly DesiredObject[];
  /** {@link desired} by `keyString` */
  readonly byId: ReadonlyMap<string, DesiredObject>;
  readonly watchProblems: readonly WatchOutcome[];
  /** names of autoscalers by the `keyString` of what they scale */
  readonly autoscalers: ReadonlyMap<string, string>;
  readonly otherWriters: readonly string[];
  /** the object as the last recorded sync applied it */
  readonly baselineOf: (key: ObjectKey) => Baseline | undefined;
}

/** What a run of checks came to. */
export interface CheckedObjects {
  /** `keyString`s of the objects that were judged */
  readonly changed: readonly string[];
  /** those of them that look another way than before */
  readonly shown: readonly string[];
  /** the first object's that could not be checked; it keeps its last verdict, and is due again later */
  readonly failure?: AppError;
}

/** The objects of one application that wait for their check; those whose check had no end come back after a while. */
export class CheckQueue {
  readonly #checker: ObjectChecker;
  readonly #again = new CheckAgain();
  #waiting = new Set<string>();
  /** objects of which time alone may have changed the health */
  #looks = new Set<string>();

  constructor(checker: ObjectChecker) {
    this.#checker = checker;
  }

  get isEmpty(): boolean {
    return this.#waiting.size + this.#looks.size === 0;
  }

  add(id: string): void {
    this.#waiting.add(id);
  }

  /** Adds an object that did not change, but whose health may be another by now. */
  addLook(id: string): void {
    this.#looks.add(id);
  }

  /** Adds the checks that are due again. @returns whether the comparison as a whole is */
  addDue(): boolean {
    const due = this.#again.due();
    for (const id of due) if (id !== '') this.#waiting.add(id);
    return due.includes('');
  }

  /** The server answers again, or a watch is in sync: what had no answer need not wait. */
  hurry(): void {
    this.#again.hurry();
  }

  /** Notes how the comparison as a whole ended. */
  compared(isDone: boolean): void {
    if (isDone) this.#again.checked('', {});
    else this.#again.failed('');
  }

  /** Forgets objects that are gone. */
  retain(objects: ReadonlyMap<string, TrackedObject>): void {
    this.#again.retain((id) => id === '' || objects.has(id));
  }

  /**
   * Checks everything that waits, in slices of time.
   * @param objects asked anew each time: a verdict on an object that was replaced meanwhile is dropped, and the object waits again
   * @param isInteractive goes before the first comparison of other applications
   * @throws the signal's reason, and what is no AppError
   */
  async run(
    scope: CheckScope,
    objects: () => Map<string, TrackedObject>,
    isInteractive: boolean,
    signal: AbortSignal,
  ): Promise<CheckedObjects> {
    const [waiting, looks] = [this.#waiting, this.#looks];
    const ids = new Set([...waiting, ...looks]);
    this.#waiting = new Set();
    this.#looks = new Set();
    const changed: string[] = [];
    const shown: string[] = [];
    let failure: AppError | undefined;
    const check = async (id: string): Promise<void> => {
      const desired = scope.byId.get(id);
      const tracked = objects().get(id);
      if (desired === undefined || tracked === undefined) return;
      if (isBeingListed(desired, scope)) {
        this.#again.failed(id);
        return;
      }
      try {
        const known = waiting.has(id)
          ? undefined
          : await this.#checker.healthNow(desired, tracked, scope.connection, scope.desired, signal);
        const next = known ?? (await this.#check(desired, tracked, scope, isInteractive, signal));
        this.#again.checked(id, next.verdict);
        if (objects().get(id) !== tracked) {
          // Replaced, or checked meanwhile, perhaps with what was known earlier: nobody can tell which of both verdicts is the later.
          if (known === undefined) this.add(id);
          return;
        }
        objects().set(id, next);
        if (known === undefined) changed.push(id);
        if (!looksAlike(tracked, next)) shown.push(id);
      } catch (error) {
        signal.throwIfAborted();
        if (!isAppError(error)) throw error;
        this.#again.failed(id);
        failure ??= error;
      }
    };
    const slice = timeSlices(sliceMs);
    const running: Promise<void>[] = [];
    for (const id of ids) {
      const one = check(id);
      // Awaited below, after the slices: until then its failure must not count as unhandled.
      one.catch(() => undefined);
      running.push(one);
      await slice();
    }
    await Promise.all(running);
    return { changed, shown, ...(failure === undefined ? {} : { failure }) };
  }

  async #check(
    desired: DesiredObject,
    tracked: TrackedObject,
    { application, connection, tree, watchProblems, autoscalers, otherWriters, desired: rendered, baselineOf }: CheckScope,
    isInteractive: boolean,
    signal: AbortSignal,
  ): Promise<TrackedObject> {
    const reason = watchFailureOf(watchProblems, desired.key);
    if (reason !== undefined) return { ...tracked, verdict: cannotCompare(reason.code, reason.details), live: undefined };
    const baseline = baselineOf(desired.key);
    const autoscaler = autoscalers.get(keyString(desired.key));
    const more = baseline === undefined ? {} : { baseline };
    return this.#checker.check(
      { application, desired, tracked, autoscaler, rendered, isInteractive, otherWriters, ...more },
      connection,
      tree,
      signal,
    );
  }
}

/** Whether nobody can tell yet that an object is missing: the list that would show it has not ended. */
function isBeingListed({ key, object, resource }: DesiredObject, { connection: { watches }, watchProblems }: CheckScope): boolean {
  if (resource === undefined || watchFailureOf(watchProblems, key) !== undefined) return false;
  const gvk = gvkOf(object);
  return watches.get(key, gvk.version) === undefined && !watches.isSynced(gvk, key.namespace);
}
