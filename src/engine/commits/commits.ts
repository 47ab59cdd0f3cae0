import { randomUUID } from 'node:crypto';
import { Limiter } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { CommitApi, PreparedCommit, RemotePort } from './commitApi.ts';
import { commitFiles } from './commitFiles.ts';
import { commitInputs } from './commitInputs.ts';
import { freeBranch, matchesBranch, proposedMessage } from './commitText.ts';
import { KeptPlans } from '../keptPlans.ts';
import { makeCommit, requireCommittable, workingTreeChanges } from '../git/commitWriter.ts';
import { requestUrl, shownUrl } from '../git/forge.ts';
import { pushRefspec } from '../git/push.ts';
import { commitOf, pushTargetOf, pushUrl } from '../git/pushTarget.ts';
import { rebaseOnto } from '../git/rebase.ts';
import { shortRefName } from '../git/refs.ts';
import type { CommitChoice, CommitOutcome, CommitPlan, PushOutcome, PushPlan, RebaseOutcome } from '../model/commit.ts';
import { errorOf, reasonOf } from '../model/reasons.ts';
import type { CommitSettings } from '../model/settings.ts';
import type { Reason } from '../model/states.ts';
import { namesChanged, planPushOf } from './pushPlans.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { Workspaces } from '../sessions/workspaces.ts';

/** What commits need of the engine. */
export interface CommitsServices {
  readonly logger: Logger;
  readonly renderer: SourceRenderer;
  readonly workspaces: Workspaces;
  /** asked whenever a setting counts */
  readonly settings: () => CommitSettings;
  /** @throws AppError `workspace-untrusted` */
  readonly requireTrust: () => void;
  /** undefined: git itself talks to remotes */
  readonly remotes?: RemotePort;
}

interface KeptCommit {
  readonly plan: CommitPlan;
  readonly prepared: PreparedCommit;
  /** the commit that a new branch starts from */
  readonly branchStart: string;
}

/** Plans commits, keeps the plans until they are confirmed, and carries each out at most once; one at a time per repository. */
export class Commits implements CommitApi {
  readonly #services: CommitsServices;
  readonly #kept = new KeptPlans<KeptCommit>();
  readonly #turns = new Map<string, Limiter>();

  constructor(services: CommitsServices) {
    this.#services = services;
  }

  async plan(applicationIds: readonly string[], signal: AbortSignal): Promise<CommitPlan> {
    const { requireTrust, workspaces, renderer, settings } = this.#services;
    requireTrust();
    const found = applicationIds.map((id) => workspaces.known(id));
    const [first] = found;
    if (first === undefined) throw new AppError('unknown-application', { application: '' });
    const { workspace } = first;
    if (found.some((each) => each.workspace !== workspace)) throw new AppError('commit-other-repos');
    const sessions = found.map(({ session }) => session);
    const names = sessions.map(({ application }) => application.name);
    const git = workspace.repo.writing;
    const head = await commitOf(git, 'HEAD', signal);
    const empty = { repoRoot: workspace.repo.root, topic: `update-${names.join('-')}`, workingTree: 'leave', message: '' } as const;
    if (head === undefined) return this.keep({ ...empty, base: '', changes: [], secretValues: new Set() }, signal);
    const inputs = await commitInputs(workspace, sessions, renderer, head, signal);
    const message = await proposedMessage(
      git,
      settings().messageTemplate,
      {
        applications: names,
        environments: sessions.flatMap(({ application }) => application.destination?.environment ?? []),
        files: inputs.chosen,
        branch: (await git.run(['symbolic-ref', '--quiet', '--short', 'HEAD'], { signal })).stdout.toString('utf8').trim(),
      },
      signal,
    );
    const changes = await workingTreeChanges(git, head, inputs.chosen, signal);
    const plan = await this.keep({ ...empty, ...inputs, base: head, changes, message }, signal);
    if (changes.length > 0 || plan.refused !== undefined) return plan;
    return { ...plan, refused: { code: 'commit-no-edits', details: { applications: names } } };
  }

  async keep(prepared: PreparedCommit, signal: AbortSignal): Promise<CommitPlan> {
    this.#services.requireTrust();
    const workspace = this.#workspace(prepared.repoRoot);
    const git = workspace.repo.writing;
    const { refused, branch } = await this.#standing(workspace, prepared.base, signal);
    const files = prepared.base === '' ? [] : await commitFiles(git, prepared, signal);
    const push = branch === undefined ? undefined : await this.#pushOf(workspace, prepared, branch, signal);
    const upstream = push === undefined ? undefined : await commitOf(git, `refs/remotes/${push.remote}/${push.remoteBranch}`, signal);
    const isForeign = push !== undefined && upstream !== undefined && push.foreign.length > 0;
    const mustBranch =
      prepared.start?.reason ?? (branch === undefined ? undefined : this.#mustBranch(branch, isForeign ? push : undefined));
    const refs = await git.text(['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/remotes'], { signal });
    const taken = new Set(refs.split('\n').flatMap((ref) => [shortRefName(ref), shortRefName(ref).replace(/^[^/]+\//, '')]));
    const { repoRoot, base, message, left = [], unsaved = [], warnings = [] } = prepared;
    const plan: CommitPlan = {
      id: randomUUID(),
      repoRoot,
      base,
      files,
      left,
      unsaved,
      message,
      warnings,
      suggestedBranch: freeBranch(prepared.topic, taken),
      ...(branch === undefined ? {} : { branch }),
      ...(refused === undefined ? {} : { refused }),
      ...(mustBranch === undefined ? {} : { mustBranch }),
      ...(push === undefined ? {} : { push }),
    };
    this.#kept.keep(plan.id, { plan, prepared, branchStart: prepared.start?.commit ?? (isForeign ? upstream : base) });
    return plan;
  }

  async commit(planId: string, choice: CommitChoice, signal: AbortSignal): Promise<CommitOutcome> {
    this.#services.requireTrust();
    const { plan } = this.#kept.get(planId);
    return this.#inTurn(plan.repoRoot, signal, async (workspace) => {
      const { prepared, branchStart } = this.#kept.get(planId);
      const { message, newBranch } = choice;
      const reason = plan.refused ?? (newBranch === undefined ? plan.mustBranch : undefined);
      if (reason !== undefined) throw errorOf(reason);
      const { settings, logger } = this.#services;
      const { base, changes, workingTree } = prepared;
      const request = { base, changes, message, workingTree, signOff: settings().signOff };
      const branch = newBranch === undefined ? {} : { newBranch: { name: newBranch, start: branchStart } };
      const made = await makeCommit(workspace.repo.writing, { ...request, ...branch }, signal);
      // What failed before this line changed nothing, and may be tried again.
      this.#kept.delete(planId);
      logger.info(`[commit] ${made.commit} on ${made.branch} in ${plan.repoRoot}: ${changes.map(({ path }) => path).join(', ')}`);
      await workspace.repo.reread(signal);
      const aim = plan.push === undefined ? undefined : { ...plan.push, remoteBranch: prepared.start?.branch ?? plan.push.remoteBranch };
      const page = newBranch === undefined || aim === undefined ? {} : await this.#requestPage(workspace, aim, newBranch, message, signal);
      return { ...made, ...page };
    });
  }

  async planPush(repoRoot: string, branch: string | undefined, signal: AbortSignal, into?: string): Promise<PushPlan> {
    this.#services.requireTrust();
    const workspace = this.#workspace(repoRoot);
    const plan = await planPushOf(workspace, this.#services.renderer, branch, [], signal, into);
    if (into === undefined) return plan;
    const own = await pushTargetOf(workspace.repo.writing, branch, signal);
    const title = plan.carries[0]?.subject ?? '';
    return { ...plan, ...(await this.#requestPage(workspace, own, into, title, signal)) };
  }

  async push(plan: PushPlan, signal: AbortSignal): Promise<PushOutcome> {
    this.#services.requireTrust();
    return this.#inTurn(plan.repoRoot, signal, async ({ repo }) => {
      const git = repo.writing;
      const { remote, remoteBranch, tip, branch, trackingCommit } = await pushTargetOf(
        git,
        plan.branch,
        signal,
        plan.isNewBranch === true ? plan.remoteBranch : undefined,
      );
      if (remote !== plan.remote || remoteBranch !== plan.remoteBranch || tip !== plan.tip) throw new AppError('push-moved', { branch });
      // The commit that was shown, wherever the branch is by then.
      const refspec = `${tip}:refs/heads/${remoteBranch}`;
      const { remotes, logger } = this.#services;
      const answer = await remotes?.push({ repoRoot: plan.repoRoot, remote, refspec }, signal);
      const outcome = answer ?? (await pushRefspec(git, remote, refspec, signal));
      logger.info(`[push] ${refspec} to ${remote} from ${plan.repoRoot}: ${outcome.outcome} ${outcome.reason?.code ?? ''}`.trimEnd());
      if (outcome.outcome === 'pushed' && trackingCommit === undefined && plan.isNewBranch !== true) {
        await git.run(['branch', '--quiet', `--set-upstream-to=${remote}/${remoteBranch}`, branch], { signal });
      }
      await repo.reread(signal);
      return outcome;
    });
  }

  async fetchAndRebase(plan: PushPlan, signal: AbortSignal): Promise<RebaseOutcome> {
    this.#services.requireTrust();
    return this.#inTurn(plan.repoRoot, signal, async ({ repo }) => {
      const { remotes, logger } = this.#services;
      const git = repo.writing;
      const answer = await remotes?.fetch({ repoRoot: plan.repoRoot, remote: plan.remote }, signal);
      const problem = answer === undefined ? await (await repo.repository(signal)).fetch(signal, plan.remote) : answer.problem;
      if (problem !== undefined) throw errorOf(problem);
      const checkedOut = await pushTargetOf(git, undefined, signal);
      const { branch, trackingCommit, trackingRef, tip } = checkedOut;
      if (branch !== plan.branch) throw new AppError('push-moved', { branch: plan.branch });
      if (trackingCommit === undefined) throw new AppError('git-upstream-gone', { branch, upstream: shortRefName(trackingRef) });
      const outcome = await rebaseOnto(git, { head: tip, upstream: trackingCommit }, signal);
      logger.info(
        `[rebase] ${branch} in ${plan.repoRoot}: ${String(outcome.moved)} commits onto ${trackingCommit}, now at ${outcome.commit}`,
      );
      await repo.reread(signal);
      return outcome;
    });
  }

  /** Whether something can be committed now, and on which branch. */
  async #standing({ repo }: Workspace, base: string, signal: AbortSignal): Promise<{ refused?: Reason; branch?: string }> {
    try {
      const { ref, head } = await requireCommittable(repo.writing, signal);
      const branch = shortRefName(ref);
      return head === base ? { branch } : { branch, refused: { code: 'commit-moved', details: {} } };
    } catch (error) {
      signal.throwIfAborted();
      return { refused: reasonOf(error) };
    }
  }

  /** What a push carries beside the planned commit; undefined without any remote. */
  async #pushOf(workspace: Workspace, prepared: PreparedCommit, branch: string, signal: AbortSignal): Promise<PushPlan | undefined> {
    const tree = await (await workspace.repo.repository(signal)).tree(prepared.base, signal);
    const pending = prepared.changes.map(async ({ path, file }) => ({
      path,
      names: await namesChanged(tree, path, (name) =>
        Promise.resolve(name === path ? (file === undefined ? undefined : 'file') : 'directory'),
      ),
    }));
    try {
      return await planPushOf(workspace, this.#services.renderer, branch, await Promise.all(pending), signal);
    } catch (error) {
      if (reasonOf(error).code === 'git-no-remote') return undefined;
      throw error;
    }
  }

  #mustBranch(branch: string, push: PushPlan | undefined): Reason | undefined {
    if (matchesBranch(branch, this.#services.settings().protectedBranches)) return { code: 'commit-protected', details: { branch } };
    if (push === undefined) return undefined;
    const authors = new Set(push.carries.filter(({ id }) => push.foreign.includes(id)).map(({ author }) => author));
    const start = `${push.remote}/${push.remoteBranch}`;
    return { code: 'commit-foreign', details: { branch, authors: [...authors], start } };
  }

  /** Where the pull request of a branch is created. @param into where it is to be merged */
  async #requestPage(
    { repo }: Workspace,
    into: { readonly remote: string; readonly remoteBranch: string },
    branch: string,
    message: string,
    signal: AbortSignal,
  ): Promise<{ requestUrl?: string; remoteUrl?: string }> {
    const address = await pushUrl(repo.writing, into.remote, signal);
    const title = message.trimStart().split('\n')[0] ?? '';
    const page = requestUrl(address, branch, into.remoteBranch, title, this.#services.settings().forges);
    return { remoteUrl: shownUrl(address), ...(page === undefined ? {} : { requestUrl: page }) };
  }

  #workspace(root: string): Workspace {
    const workspace = this.#services.workspaces.all().find(({ repo }) => repo.root === root);
    if (workspace === undefined) throw new AppError('git-not-a-repository', { folder: root });
    return workspace;
  }

  async #inTurn<T>(root: string, signal: AbortSignal, act: (workspace: Workspace) => Promise<T>): Promise<T> {
    const workspace = this.#workspace(root);
    const turns = this.#turns.get(root) ?? new Limiter(1);
    this.#turns.set(root, turns);
    return turns.run(() => act(workspace), { signal, interactive: true });
  }
}
