import { AppError } from '../../base/errors.ts';
import { ApplicationFinder } from '../apps/applications.ts';
import { configFileName } from '../apps/configFile.ts';
import type { CommitApi } from '../commits/commitApi.ts';
import { secretValuesOf } from '../commits/commitSecrets.ts';
import type { DesiredObject } from '../sessions/desiredObjects.ts';
import { type FileChange, storeBlob } from '../git/entries.ts';
import type { ReadPaths } from '../git/history.ts';
import { type RevertedCommit, treeWith } from '../git/revert.ts';
import type { Target } from '../git/state.ts';
import type { Application } from '../model/application.ts';
import type { CommitSummary } from '../model/commit.ts';
import { errorOf } from '../model/reasons.ts';
import { isComplete, renderReason, type RenderResult } from '../model/render.ts';
import type { RollbackMethod, RollbackPlan, SharedChange } from '../model/rollback.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Reason } from '../model/states.ts';
import { parentPath } from '../model/treePath.ts';
import { type Definitions, definitionsOf } from './rollbackDefinition.ts';
import { haveSame, restoringChanges } from './rollbackInputs.ts';
import { restoreMessage, revertMessage } from './rollbackMessage.ts';
import { cannotUndo, renderedChanges, rendersSame, settledObjects } from './rollbackRenders.ts';
import type { RollbackRepo } from './rollbackRepo.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { FoundSession } from '../sessions/workspaces.ts';

/** Where a repo stands when an application of it is rolled back. */
export interface Standing {
  readonly found: FoundSession;
  readonly repo: RollbackRepo;
  /** full id of the checked-out commit, which the roll back goes on */
  readonly base: string;
  readonly target: Target;
  /** full id of the commit to go back to */
  readonly then: string;
  readonly summary: CommitSummary;
  /** the environment follows another branch than the checked-out one: the roll back starts there */
  readonly otherBranch?: { readonly commit: string; readonly branch: string; readonly reason: Reason };
}

/** The application at the revision, and everything that it reads there or where the roll back starts. */
interface Inputs {
  readonly definitions: Definitions;
  readonly renderNow: RenderResult;
  readonly renderThen: RenderResult;
  readonly reads: ReadPaths;
  readonly baseTree: SourceTree;
}

/** Works out what a roll back changes: the files, and what all applications that read them render to then. */
export class RollbackPlanner {
  readonly #renderer: SourceRenderer;
  readonly #commits: Pick<CommitApi, 'keep'>;

  constructor(renderer: SourceRenderer, commits: Pick<CommitApi, 'keep'>) {
    this.#renderer = renderer;
    this.#commits = commits;
  }

  /**
   * What the application reads, at the revision and where the roll back starts.
   * @throws AppError `rollback-not-rendered`
   */
  async inputs({ found, repo, base, then }: Standing, signal: AbortSignal): Promise<Inputs> {
    const { application, connection } = found.session;
    const [baseTree, thenTree] = await Promise.all([repo.repository.tree(base, signal), repo.repository.tree(then, signal)]);
    const definitions = await definitionsOf(application, baseTree, thenTree, signal);
    const renderNow = await this.#renderer.render(application, baseTree, connection, signal);
    const renderThen = await this.#renderer.render(definitions.then, thenTree, connection, signal);
    const error = renderThen.errors.find((each) => each.isWarning !== true);
    if (error !== undefined) {
      const { details } = renderReason(error);
      throw new AppError('rollback-not-rendered', { ...details, application: application.name, revision: then.slice(0, 7) });
    }
    const [here, there] = [await repo.reads(base, renderNow, signal), await repo.reads(then, renderThen, signal)];
    const reads = { files: union(here.files, there.files), folders: union(here.folders, there.folders) };
    return { definitions, renderNow, renderThen, reads, baseTree };
  }

  /** The plan that makes the application's inputs as the revision has them. @throws AppError `rollback-nothing`, `rollback-behind` ... */
  async restore(standing: Standing, signal: AbortSignal): Promise<RollbackPlan> {
    const { repo, base, then, found, summary } = standing;
    const inputs = await this.inputs(standing, signal);
    const [now, was] = [await repo.entries(base, signal), await repo.entries(then, signal)];
    const files = inputs.reads.files.filter((path) => path !== configFileName);
    const changes = [...restoringChanges(now, was, files), ...(await restoredConfig(repo, now, inputs.definitions, signal))];
    const { application } = found.session;
    return this.#plan(standing, inputs, 'restore', changes, [], (shared) => restoreMessage(application, summary, shared), signal);
  }

  /** The plan that takes commits back. @param changes what reverting them makes of the checked-out commit */
  async revert(
    standing: Standing,
    changes: readonly FileChange[],
    commits: readonly CommitSummary[],
    reverted: readonly RevertedCommit[],
    signal: AbortSignal,
  ): Promise<RollbackPlan> {
    const { application } = standing.found.session;
    const words = (shared: readonly string[]): string => revertMessage(application, commits, reverted, standing.summary, shared);
    return this.#plan(standing, await this.inputs(standing, signal), 'revert', changes, commits, words, signal);
  }

  async #plan(
    standing: Standing,
    { definitions, renderNow, renderThen, baseTree }: Inputs,
    method: RollbackMethod,
    changes: readonly FileChange[],
    reverted: readonly CommitSummary[],
    messageOf: (shared: readonly string[]) => string,
    signal: AbortSignal,
  ): Promise<RollbackPlan> {
    const { found, repo, base, then, summary, otherBranch } = standing;
    const { application, connection } = found.session;
    if (changes.length === 0) throw new AppError('rollback-nothing', { application: application.name, revision: then.slice(0, 7) });
    await requireSameAsTarget(standing, changes, signal);
    const afterTree = await repo.repository.tree(await treeWith(repo.git, base, changes, signal), signal);
    const isDeclaredAnew = changes.some(({ path }) => path === configFileName);
    const declared = isDeclaredAnew ? await new ApplicationFinder(application.repoRoot).find(afterTree, {}, undefined, signal) : undefined;
    const inFuture = (each: Application): Application => declared?.applications.find(({ id }) => id === each.id) ?? each;
    const after = declared === undefined ? { ...application, source: definitions.then.source } : inFuture(application);
    const renderAfter = await this.#renderer.render(after, afterTree, connection, signal);
    const settle = (each: Application, render: RenderResult): Promise<readonly DesiredObject[]> =>
      settledObjects(render, each, connection, signal);
    const [now, was, next] = [
      await settle(application, renderNow),
      await settle(definitions.then, renderThen),
      await settle(after, renderAfter),
    ];
    const isExact = isComplete(renderAfter) && rendersSame(was, next);
    const { shared, renders } = await this.#shared(standing, changes, baseTree, afterTree, inFuture, signal);
    const commit = await this.#commits.keep(
      {
        repoRoot: application.repoRoot,
        base,
        changes,
        message: messageOf(shared.map(({ applicationId }) => applicationId)),
        workingTree: 'write',
        topic: `rollback-${application.name}`,
        secretValues: secretValuesOf([renderNow, renderThen, renderAfter, ...renders]),
        ...(otherBranch === undefined ? {} : { start: otherBranch }),
      },
      signal,
    );
    return {
      applicationId: application.id,
      method,
      revision: then,
      summary,
      reverted,
      commit,
      rendered: renderedChanges(now, next),
      shared,
      isExact,
      notes: [
        ...(definitions.note === undefined || (method === 'revert' && declared !== undefined) ? [] : [definitions.note]),
        ...notesOnRender(renderAfter, isExact, application, then),
      ],
      cannotUndo: cannotUndo([...now, ...next], (key) => found.session.object(key)?.live),
    };
  }

  /** Other applications that read what changes, with what they would get. */
  async #shared(
    { found, repo, base }: Standing,
    changes: readonly FileChange[],
    baseTree: SourceTree,
    afterTree: SourceTree,
    inFuture: (application: Application) => Application,
    signal: AbortSignal,
  ): Promise<{ readonly shared: readonly SharedChange[]; readonly renders: readonly RenderResult[] }> {
    const shared: SharedChange[] = [];
    const renders: RenderResult[] = [];
    for (const { application, connection } of found.workspace.sessions) {
      const { id, name, destination } = application;
      if (id === found.session.application.id || destination === undefined) continue;
      const before = await this.#renderer.render(application, baseTree, connection, signal);
      const files = readAmong(await repo.reads(base, before, signal), changes);
      const next = inFuture(application);
      if (files.length === 0 && next === application) continue;
      const after = await this.#renderer.render(next, afterTree, connection, signal);
      if (files.length === 0 && after.key === before.key) continue;
      renders.push(before, after);
      const failure = after.errors.find((error) => error.isWarning !== true);
      const [was, is] = [
        await settledObjects(before, application, connection, signal),
        await settledObjects(after, next, connection, signal),
      ];
      shared.push({
        applicationId: id,
        name,
        ...(destination.environment === undefined ? {} : { environment: destination.environment }),
        files: files.length === 0 ? [configFileName] : files,
        rendered: renderedChanges(was, is),
        ...(failure === undefined ? {} : { problem: renderReason(failure) }),
      });
    }
    return { shared, renders };
  }
}

/** Those of the changed files that were read, or that come or go in a listed folder. */
function readAmong({ files, folders }: ReadPaths, changes: readonly FileChange[]): readonly string[] {
  const [read, listed] = [new Set(files), new Set(folders)];
  return changes.flatMap(({ path, file }) => (read.has(path) || (file !== undefined && listed.has(parentPath(path))) ? [path] : []));
}

/** plumbline.yaml with the entry of the application as it was, as a change of the commit. */
async function restoredConfig(
  repo: RollbackRepo,
  now: Awaited<ReturnType<RollbackRepo['entries']>>,
  { configText }: Definitions,
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  if (configText === undefined) return [];
  const id = await storeBlob(repo.git, new TextEncoder().encode(configText), signal);
  return [{ path: configFileName, file: { mode: now.get(configFileName)?.mode ?? '100644', id } }];
}

/**
 * What is checked out must have these files as target has them, or hold all of target: else the plan would be of other files than those that
 * the owner applies.
 */
async function requireSameAsTarget(
  { repo, base, target, otherBranch, found }: Standing,
  changes: readonly FileChange[],
  signal: AbortSignal,
): Promise<void> {
  if (target.commit === base) return;
  const { exitCode } = await repo.git.run(['merge-base', '--is-ancestor', target.commit, base], { signal });
  if (exitCode === 0 && otherBranch === undefined) return;
  const [here, there] = [await repo.entries(base, signal), await repo.entries(target.commit, signal)];
  const paths = changes.map(({ path }) => path);
  if (haveSame(here, there, paths)) return;
  if (otherBranch !== undefined) throw errorOf(otherBranch.reason);
  throw new AppError('rollback-behind', { branch: target.name, application: found.session.application.name });
}

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...left, ...right])];
}

/** What is to be known of what the way back renders to: it fails, or is not what was there. */
function notesOnRender(after: RenderResult, isExact: boolean, { name }: Application, revision: string): readonly Reason[] {
  const failure = after.errors.find((error) => error.isWarning !== true);
  if (failure !== undefined) return [{ code: 'rollback-breaks', details: { ...renderReason(failure).details, application: name } }];
  return isExact ? [] : [{ code: 'rollback-not-exact', details: { application: name, revision: revision.slice(0, 7) } }];
}
