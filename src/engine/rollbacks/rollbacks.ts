import { AppError } from '../../base/errors.ts';
import type { CommitApi } from '../commits/commitApi.ts';
import { historyOf, listCommits } from '../git/history.ts';
import { requireRevertable, type RevertedCommit, revertChanges, startRevert } from '../git/revert.ts';
import type { CommitSummary } from '../model/commit.ts';
import type { SyncHistory } from '../model/ledger.ts';
import { errorOf, reasonOf } from '../model/reasons.ts';
import type { ApplicationHistory, MainlineQuestion, RollbackPlanning, RollbackTarget, StartedRevert } from '../model/rollback.ts';
import type { RepoSession } from '../sessions/repoSession.ts';
import type { RollbackApi } from './rollbackApi.ts';
import { markSyncs } from './rollbackHistory.ts';
import { RollbackPlanner, type Standing } from './rollbackPlanner.ts';
import { RollbackRepo } from './rollbackRepo.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { SyncApi } from '../syncs/syncApi.ts';
import type { FoundSession } from '../sessions/workspaces.ts';

/** What roll backs need of the engine. */
export interface RollbacksServices {
  readonly renderer: SourceRenderer;
  readonly syncs: Pick<SyncApi, 'history'>;
  readonly commits: Pick<CommitApi, 'keep'>;
  /** @throws AppError `unknown-application` */
  readonly known: (applicationId: string) => FoundSession;
  /** @throws AppError `workspace-untrusted` */
  readonly requireTrust: () => void;
}

/** a revert of more commits than these is no roll back any more */
const mostReverted = 200;

/** the longest that a commit takes to be seen */
const arrivalMs = 30_000;

/** The commits that a revert takes back, or the merges of which the mainline is not known. */
type Reverting =
  | { readonly commits: readonly CommitSummary[]; readonly reverted: readonly RevertedCommit[] }
  | { readonly questions: readonly MainlineQuestion[] };

/** Histories of applications, and the way back to any commit of them. */
export class Rollbacks implements RollbackApi {
  readonly #services: RollbacksServices;
  readonly #planner: RollbackPlanner;
  readonly #repos = new WeakMap<RepoSession, Promise<RollbackRepo>>();

  constructor(services: RollbacksServices) {
    this.#services = services;
    this.#planner = new RollbackPlanner(services.renderer, services.commits);
  }

  async history(applicationId: string, limit: number, signal: AbortSignal): Promise<ApplicationHistory> {
    this.#services.requireTrust();
    const found = this.#services.known(applicationId);
    const { application, connection } = found.session;
    const repo = await this.#repo(found, signal);
    const { target, tree } = await targetOf(found, signal);
    if (target.commit === '') throw new AppError('rollback-no-commits', { application: application.name });
    const render = await this.#services.renderer.render(application, tree, connection, signal);
    const reads = await repo.reads(target.commit, render, signal);
    const [page, ledger] = await Promise.all([
      repo.histories.of(target.commit, reads, limit, signal, repo.ownEntry(application, signal)),
      this.#ledger(found, signal),
    ]);
    const marked = await markSyncs(repo.git, target.commit, page.commits, ledger.entries, signal);
    return { ...marked, endsBy: page.endsBy, ...(ledger.problem === undefined ? {} : { problem: ledger.problem }) };
  }

  async plan(target: RollbackTarget, signal: AbortSignal): Promise<RollbackPlanning> {
    this.#services.requireTrust();
    const standing = await this.#standing(target, signal);
    if (target.method === 'restore') return { kind: 'plan', plan: await this.#planner.restore(standing, signal) };
    const reverting = await this.#reverting(standing, target, signal);
    if ('questions' in reverting) return { kind: 'mainline', questions: reverting.questions };
    const { commits, reverted } = reverting;
    const { git } = standing.repo;
    const result = await revertChanges(git, standing.base, reverted, signal);
    if ('conflict' in result) {
      const commit = commits.find(({ id }) => id === result.conflict.commit);
      if (commit === undefined) throw new AppError('internal', { message: 'unknown conflict' });
      const refused = await requireRevertable(git, reverted, signal).then(
        () => standing.otherBranch?.reason,
        (error: unknown) => {
          signal.throwIfAborted();
          return reasonOf(error);
        },
      );
      const files = result.conflict.files;
      return { kind: 'conflict', commit, files, ...(refused === undefined ? {} : { refused }) };
    }
    return { kind: 'plan', plan: await this.#planner.revert(standing, result.changes, commits, reverted, signal) };
  }

  async startRevert(target: RollbackTarget, signal: AbortSignal): Promise<StartedRevert> {
    this.#services.requireTrust();
    const standing = await this.#standing(target, signal);
    const { otherBranch, repo } = standing;
    if (otherBranch !== undefined) throw errorOf(otherBranch.reason);
    const reverting = await this.#reverting(standing, target, signal);
    if ('questions' in reverting) throw new AppError('rollback-mainline', { commits: reverting.questions.map(({ commit }) => commit.id) });
    return { conflicts: await startRevert(repo.git, reverting.reverted, signal) };
  }

  async arrived(applicationId: string, revision: string, signal: AbortSignal): Promise<boolean> {
    this.#services.requireTrust();
    const found = this.#services.known(applicationId);
    const { repo } = found.workspace;
    const { git, repository } = await this.#repo(found, signal);
    const commit = await repository.resolve(revision, signal);
    const timeout = AbortSignal.timeout(arrivalMs);
    for (;;) {
      const changed = nextChange(repo, AbortSignal.any([signal, timeout]));
      const { target } = await targetOf(found, signal);
      const { exitCode } = await git.run(['merge-base', '--is-ancestor', commit, target.commit], { signal });
      if (exitCode === 0) {
        found.session.refresh();
        await found.session.settled();
        return true;
      }
      repo.refresh(false);
      await changed;
      signal.throwIfAborted();
      if (timeout.aborted) return false;
    }
  }

  /** Where the repo stands, and what the revision holds. */
  async #standing({ applicationId, revision }: RollbackTarget, signal: AbortSignal): Promise<Standing> {
    const found = this.#services.known(applicationId);
    const { application } = found.session;
    const repo = await this.#repo(found, signal);
    const { target } = await targetOf(found, signal);
    if (target.commit === '') throw new AppError('rollback-no-commits', { application: application.name });
    const then = await repo.repository.resolve(revision, signal);
    const [summary] = await listCommits(repo.git, ['--no-walk', then], signal);
    if (summary === undefined) throw new AppError('git-revision-unknown', { revision });
    const { head } = await repo.repository.state(signal);
    if (head.kind === 'unborn') throw new AppError('git-no-commits', { branch: head.branch });
    const branch = branchOf(found);
    const isOther = branch !== undefined && head.kind === 'branch' && head.branch !== branch;
    return {
      found,
      repo,
      base: head.commit,
      target,
      then,
      summary,
      ...(isOther
        ? {
            otherBranch: {
              commit: target.commit,
              branch,
              reason: { code: 'rollback-other-branch', details: { branch, current: head.branch } },
            },
          }
        : {}),
    };
  }

  /** Commits of the application's history since the revision, each with the parent that it is taken back to. */
  async #reverting(standing: Standing, target: RollbackTarget, signal: AbortSignal): Promise<Reverting> {
    const { found, repo, base, then } = standing;
    const { application } = found.session;
    const { exitCode } = await repo.git.run(['merge-base', '--is-ancestor', then, base], { signal });
    const details = { application: application.name, revision: then.slice(0, 7) };
    if (exitCode !== 0) throw new AppError('rollback-not-ancestor', details);
    const { reads } = await this.#planner.inputs(standing, signal);
    const entry = repo.ownEntry(application, signal);
    const { commits, endsBy } = await historyOf(repo.git, `${then}..${base}`, reads, mostReverted, signal, entry);
    if (commits.length === 0) throw new AppError('rollback-nothing', details);
    if (endsBy === 'limit') throw new AppError('rollback-too-many', { ...details, limit: mostReverted });
    const questions: MainlineQuestion[] = [];
    const reverted: RevertedCommit[] = [];
    for (const commit of commits) {
      const { id, parents } = commit;
      if (parents.length < 2) {
        reverted.push({ id, parent: parents[0] });
        continue;
      }
      const mainline = target.mainlines?.[id] ?? target.mainlines?.[''];
      if (mainline === undefined) {
        questions.push({ commit, parents: await listCommits(repo.git, ['--no-walk=unsorted', ...parents], signal) });
        continue;
      }
      const parent = parents[mainline - 1];
      if (parent === undefined)
        throw new AppError('rollback-mainline-unknown', { commit: id.slice(0, 7), mainline, count: parents.length });
      reverted.push({ id, parent, mainline });
    }
    return questions.length > 0 ? { questions } : { commits, reverted };
  }

  async #repo({ workspace }: FoundSession, signal: AbortSignal): Promise<RollbackRepo> {
    const known = this.#repos.get(workspace.repo) ?? RollbackRepo.open(workspace.repo, signal);
    this.#repos.set(workspace.repo, known);
    try {
      return await known;
    } catch (error) {
      this.#repos.delete(workspace.repo);
      throw error;
    }
  }

  async #ledger({ session }: FoundSession, signal: AbortSignal): Promise<SyncHistory> {
    const { application } = session;
    return application.owner === 'plumbline' ? this.#services.syncs.history(application.id, signal) : { entries: [] };
  }
}

/** The branch that an application's environment follows; undefined: the checked-out one. */
function branchOf({ workspace, session }: FoundSession): string | undefined {
  const environment = session.application.destination?.environment;
  return workspace.repo.environment(environment)?.branch;
}

function targetOf(found: FoundSession, signal: AbortSignal): ReturnType<RepoSession['target']> {
  return found.workspace.repo.target(branchOf(found), signal);
}

/** Resolves at the next change that a repo takes in, or at the signal. */
async function nextChange(repo: RepoSession, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      subscription.dispose();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const subscription = repo.onDidChange(end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
