import { AppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../../engine/applicationSession.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Engine } from '../../engine/engine.ts';
import { displayName } from '../../engine/model/objects.ts';
import type { TrackedObject } from '../../engine/trackedObject.ts';
import type { Comparison, Counters } from '../comparison.ts';
import { selectApplications } from '../selection.ts';
import { createEngine, pathSource, repoOf, treeOf, worktree } from '../workspaceOf.ts';
import { openRepo } from './apps.ts';
import type { CommandContext } from './context.ts';

/** Comparisons, what they cost, and the engine that made them: dispose it. */
export interface Compared extends Disposable {
  readonly engine: Engine;
  readonly comparisons: readonly Comparison[];
  readonly counters: Counters;
}

/** Compares what the command line means with its cluster, and waits for all verdicts. */
export async function compare(context: CommandContext): Promise<Compared> {
  const { args, now } = context;
  const startedAt = now();
  const engine = await createEngine(args, context);
  try {
    if (args.path === undefined) await openRepo(engine, context);
    const openedAt = now();
    const sessions = args.path === undefined ? await compareDeclared(engine, context) : [await comparePath(engine, args.path, context)];
    const comparedAt = now();
    const comparisons = sessions.map((session) => toComparison(session, args.objects));
    checkObjects(comparisons, args.objects);
    const render = Math.round(sessions.reduce((sum, session) => sum + (session.render?.elapsedMs ?? 0), 0));
    const times = { repository: openedAt - startedAt, render, compare: comparedAt - openedAt, total: comparedAt - startedAt };
    return {
      engine,
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

async function compareDeclared(engine: Engine, context: CommandContext): Promise<readonly ApplicationSession[]> {
  const { args, variables, signal } = context;
  const ids = selectApplications(engine.applications(), args, args.repo).map((row) => row.id);
  const sessions = ids.flatMap((id) => engine.session(id) ?? []);
  const { revision } = args;
  if (revision === undefined) {
    await abortable(engine.check(ids), signal);
    return sessions;
  }
  return Promise.all(
    sessions.map(async ({ application }) => {
      const repo = repoOf(await treeOf(application.repoRoot, revision, variables, signal));
      return abortable(engine.compareFrom(application, repo), signal);
    }),
  );
}

async function comparePath(engine: Engine, path: string, { args, cwd, signal }: CommandContext): Promise<ApplicationSession> {
  const { contexts, problem } = await engine.contexts();
  if (problem !== undefined) throw new AppError(problem.code, problem.details);
  const chosen = contexts.find(({ name, isCurrent }) => (args.context === undefined ? isCurrent : name === args.context));
  const name = args.context ?? chosen?.name;
  if (name === undefined) throw new AppError('cli-no-context', { contexts: contexts.map((each) => each.name) });
  const { application, tree } = await pathSource(path, cwd, name, args.namespace ?? chosen?.namespace ?? 'default');
  return abortable(engine.compareFrom(application, repoOf({ tree, name: worktree })), signal);
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
  const chosen = session.objects.filter((object) => objects.length === 0 || objects.some((name) => isNamed(object, name)));
  return {
    application,
    state: row.state,
    reasons: row.reasons,
    ...(target === undefined ? {} : { refName: target.name }),
    ...(target === undefined || target.commit === '' ? {} : { commit: target.commit }),
    objects: chosen,
    renderMs: session.render?.elapsedMs ?? 0,
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
    const isThere = comparisons.some((comparison) => comparison.objects.some((object) => isNamed(object, name)));
    if (!isThere && comparisons.every(({ reasons }) => reasons.length === 0)) {
      throw new AppError('cli-unknown-object', {
        object: name,
        known: comparisons.flatMap(({ objects }) => objects.map(({ key }) => displayName(key))),
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
