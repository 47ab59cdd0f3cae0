import { resolve } from 'node:path';
import { AppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../../engine/sessions/applicationSession.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ContextList } from '../../engine/engineApi.ts';
import { displayName } from '../../engine/model/objects.ts';
import { errorOf } from '../../engine/model/reasons.ts';
import type { TrackedObject } from '../../engine/sessions/trackedObject.ts';
import { type Comparison, type Counters, judgedObjects } from '../comparison.ts';
import { selectApplications } from '../selection.ts';
import { createEngine, pathSource, revisionOf, workingTree } from '../workspaceOf.ts';
import { openRepo } from './apps.ts';
import type { CommandContext } from './context.ts';

/** An engine with what is to be compared. */
interface Opened {
  readonly engine: Engine;
  /** false: plumbline.yaml declares applications that cannot be read, so they are not compared */
  readonly isWhole: boolean;
}

/** Comparisons, what they cost, and the engine that made them: dispose it. */
export interface Compared extends Disposable, Opened {
  readonly comparisons: readonly Comparison[];
  readonly counters: Counters;
}

/** Compares what the command line means with its cluster, and waits for all verdicts. */
export async function compare(context: CommandContext): Promise<Compared> {
  const { args, now, signal } = context;
  const startedAt = now();
  const { engine, isWhole } = args.path === undefined ? await openDeclared(context) : await openPath(args.path, context);
  try {
    const openedAt = now();
    const rows = args.path === undefined ? selectApplications(engine.applications(), args, args.repo) : engine.applications();
    const ids = rows.map((row) => row.id);
    await abortable(engine.check(ids), signal);
    const comparedAt = now();
    const sessions = ids.flatMap((id) => engine.session(id) ?? []);
    const comparisons = sessions.map((session) => toComparison(session, args.objects));
    checkObjects(comparisons, args.objects);
    const render = Math.round(sessions.reduce((sum, session) => sum + (session.render?.elapsedMs ?? 0), 0));
    const times = { repository: openedAt - startedAt, render, compare: comparedAt - openedAt, total: comparedAt - startedAt };
    return {
      engine,
      isWhole,
      comparisons,
      counters: toCounters(engine, comparisons, times),
      dispose: () => {
        engine.dispose();
      },
    };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** `--context` narrows to the applications of that context; where none has it, it stands for the context that they name. */
async function openDeclared(context: CommandContext): Promise<Opened> {
  const { args } = context;
  const revision = args.revision === undefined ? {} : { revision: revisionOf(args.revision) };
  const engine = await createEngine(args, context, revision);
  let isWhole: boolean;
  try {
    isWhole = await openRepo(engine, context);
  } catch (error) {
    engine.dispose();
    throw error;
  }
  // A broken entry matters to a run over all applications, not to one over those that it names.
  isWhole ||= args.apps.length > 0;
  if (args.context === undefined || engine.applications().some((row) => row.context === args.context)) return { engine, isWhole };
  engine.dispose();
  const other = await createEngine(args, context, { ...revision, context: args.context });
  await other.openFolder(resolve(context.cwd, args.repo), context.signal);
  return { engine: other, isWhole };
}

async function openPath(path: string, context: CommandContext): Promise<Opened> {
  const { args, cwd, signal } = context;
  const contexts = await contextsOf(context);
  const chosen = contexts.find(({ name, isCurrent }) => (args.context === undefined ? isCurrent : name === args.context));
  const name = args.context ?? chosen?.name;
  if (name === undefined) throw new AppError('cli-no-context', { contexts: contexts.map((each) => each.name) });
  const { application } = await pathSource(path, cwd, name, args.namespace ?? chosen?.namespace ?? 'default');
  const engine = await createEngine(args, context, { revision: workingTree, adHoc: application });
  await engine.openFolder(application.repoRoot, signal);
  return { engine, isWhole: true };
}

async function contextsOf(context: CommandContext): Promise<ContextList['contexts']> {
  const engine = await createEngine(context.args, context);
  try {
    const { contexts, problem } = await engine.contexts();
    if (problem !== undefined) throw errorOf(problem);
    return contexts;
  } finally {
    engine.dispose();
  }
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
  signal.throwIfAborted();
  return Promise.race([promise, aborted]);
}

function toComparison(session: ApplicationSession, objects: readonly string[]): Comparison {
  const { application, target } = session;
  const row = session.row();
  const isChosen = (object: Pick<TrackedObject, 'key'>): boolean => objects.length === 0 || objects.some((name) => isNamed(object, name));
  return {
    application,
    state: row.state,
    reasons: row.reasons,
    ...(target === undefined ? {} : { refName: target.name }),
    ...(target === undefined || target.commit === '' ? {} : { commit: target.commit }),
    objects: session.objects.filter(isChosen),
    extraneous: session.extraneous.filter(isChosen),
    renderMs: session.render?.elapsedMs ?? 0,
    isPartial: objects.length > 0,
  };
}

/** Whether `--object` means an object: `Kind/name`, or `namespace/Kind/name`; kinds in any case. */
export function isNamed({ key }: Pick<TrackedObject, 'key'>, name: string): boolean {
  const parts = name.split('/');
  const [namespace, kind, objectName] = parts.length === 3 ? parts : [undefined, ...parts];
  return (
    (namespace === undefined || namespace === key.namespace) && kind?.toLowerCase() === key.kind.toLowerCase() && objectName === key.name
  );
}

function checkObjects(comparisons: readonly Comparison[], names: readonly string[]): void {
  for (const name of names) {
    const isThere = comparisons.some((comparison) => judgedObjects(comparison).some((object) => isNamed(object, name)));
    if (!isThere && comparisons.every(({ reasons }) => reasons.length === 0)) {
      throw new AppError('cli-unknown-object', {
        object: name,
        known: comparisons.flatMap((comparison) => judgedObjects(comparison).map(({ key }) => displayName(key))),
      });
    }
  }
}

function toCounters(engine: Engine, comparisons: readonly Comparison[], milliseconds: Counters['milliseconds']): Counters {
  const sums = engine.counters();
  const objects = comparisons.flatMap((comparison) => comparison.objects);
  const sum = (pick: (counters: (typeof sums)[number]) => number): number => sums.reduce((total, counters) => total + pick(counters), 0);
  return {
    apiCalls: sum(({ requests }) => requests),
    dryRuns: sum(({ dryRuns }) => dryRuns),
    provedLocally: objects.filter(({ verdict }) => verdict.proof === 'local').length,
    provedByDryRun: objects.filter(({ verdict }) => verdict.proof === 'dry-run').length,
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    milliseconds,
  };
}
