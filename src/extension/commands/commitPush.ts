import * as vscode from 'vscode';
import type { PushOutcome, PushPlan } from '../../engine/model/commit.ts';
import type { EngineApi } from '../engine/connection.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { commitsText, pushDetail } from '../words/commitText.ts';
import type { WordsContext } from '../words/rowText.ts';

/** What pushing needs of the extension. */
export interface PushServices {
  readonly engine: EngineApi;
  readonly presenter: ErrorPresenter;
  readonly log: vscode.LogOutputChannel;
  readonly words: () => WordsContext;
}

/** How a push ended: `elsewhere` went to a new branch for a pull request. */
export type PushEnd = 'pushed' | 'elsewhere' | 'not pushed';

/** Pushes what was confirmed, and helps on when the remote does not take it. */
export class PushFlow {
  readonly #services: PushServices;

  constructor(services: PushServices) {
    this.#services = services;
  }

  /** Shows what a push of the checked-out branch carries and moves, and pushes once confirmed. @param title first sentence of the confirmation */
  async confirmAndPush(repoRoot: string, title?: string): Promise<PushEnd> {
    const plan = await this.#services.engine.request('plumbline/planPush', { repoRoot });
    if (plan.count === 0) {
      await vscode.window.showInformationMessage(
        vscode.l10n.t('{0}/{1} has all commits of {2}.', plan.remote, plan.remoteBranch, plan.branch),
      );
      return 'pushed';
    }
    const words = this.#services.words();
    const push = vscode.l10n.t('Push');
    const message = vscode.l10n.t('Push {0} to {1}/{2}?', commitsText(plan.count, words), plan.remote, plan.remoteBranch);
    const detail = pushDetail(plan, words);
    const choice = await vscode.window.showInformationMessage(
      title === undefined ? message : `${title} ${message}`,
      { modal: true, detail },
      push,
    );
    return choice === push ? this.push(plan) : 'not pushed';
  }

  /** Pushes a plan that was confirmed; a rejected one offers to fetch and rebase, a refused one a pull request. */
  async push(plan: PushPlan): Promise<PushEnd> {
    const outcome = await this.#run(plan, vscode.l10n.t('Pushing to {0}…', plan.remote));
    if (outcome.outcome === 'pushed') {
      const moved = plan.moves.map(({ name }) => name).join(', ');
      const where = `${plan.remote}/${plan.remoteBranch}`;
      this.#tell(
        moved === '' ? vscode.l10n.t('Pushed to {0}.', where) : vscode.l10n.t('Pushed to {0}, the new target of {1}.', where, moved),
      );
      return 'pushed';
    }
    const why = outcome.reason === undefined ? '' : this.#services.presenter.reasonWords(outcome.reason);
    if (outcome.outcome === 'rejected') return this.#rejected(plan, why);
    if (outcome.reason?.code === 'push-refused') return this.#refused(plan, why);
    await vscode.window.showErrorMessage(why, { modal: true, detail: keptText() });
    return 'not pushed';
  }

  /**
   * Pushes a branch and opens the page that creates its pull or merge request; where the forge is not known, the branch and its remote are shown.
   * @param page of the commit that was made for it
   */
  async pushForRequest(plan: PushPlan, page: { readonly requestUrl?: string; readonly remoteUrl?: string }): Promise<boolean> {
    const outcome = await this.#run(plan, vscode.l10n.t('Pushing {0} to {1}…', plan.remoteBranch, plan.remote));
    if (outcome.outcome !== 'pushed') {
      const why = outcome.reason === undefined ? '' : this.#services.presenter.reasonWords(outcome.reason);
      await vscode.window.showErrorMessage(why, {
        modal: true,
        detail: vscode.l10n.t('The branch {0} stays in this repository.', plan.branch),
      });
      return false;
    }
    await this.#openPage(plan, page);
    return true;
  }

  async #openPage(plan: PushPlan, { requestUrl, remoteUrl }: { readonly requestUrl?: string; readonly remoteUrl?: string }): Promise<void> {
    this.#services.log.info(`[push] branch ${plan.remoteBranch} at ${plan.remote}, request page ${requestUrl ?? 'unknown'}`);
    if (requestUrl !== undefined) {
      // As a string, although its type asks for a Uri: one would decode the query and encode it otherwise.
      await vscode.env.openExternal(requestUrl as unknown as vscode.Uri);
      this.#tell(vscode.l10n.t('The branch {0} is pushed. Create the pull request in the browser.', plan.remoteBranch));
      return;
    }
    const copy = vscode.l10n.t('Copy Branch Name');
    const choice = await vscode.window.showInformationMessage(
      vscode.l10n.t(
        'The branch {0} is pushed to {1}. Create the pull request there; for a self-hosted forge set "plumbline.commit.forges".',
        plan.remoteBranch,
        remoteUrl ?? plan.remote,
      ),
      copy,
    );
    if (choice === copy) await vscode.env.clipboard.writeText(plan.remoteBranch);
  }

  async #rejected(plan: PushPlan, why: string): Promise<PushEnd> {
    const rebase = vscode.l10n.t('Fetch and Rebase');
    if ((await vscode.window.showWarningMessage(why, { modal: true, detail: keptText() }, rebase)) !== rebase) return 'not pushed';
    const { engine } = this.#services;
    const words = this.#services.words();
    const { moved, received } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Fetching from {0}…', plan.remote), cancellable: true },
      (_progress, token) => engine.request('plumbline/fetchAndRebase', { plan }, token),
    );
    return this.confirmAndPush(
      plan.repoRoot,
      vscode.l10n.t('Fetched: {0}. On top of that now: {1} of yours.', commitsText(received, words), commitsText(moved, words)),
    );
  }

  async #refused(plan: PushPlan, why: string): Promise<PushEnd> {
    const elsewhere = vscode.l10n.t('Push to a New Branch and Create Pull Request…');
    if ((await vscode.window.showWarningMessage(why, { modal: true, detail: keptText() }, elsewhere)) !== elsewhere) return 'not pushed';
    const { engine } = this.#services;
    const into = await vscode.window.showInputBox({
      title: vscode.l10n.t('New Branch'),
      value: `plumbline/${plan.branch.replaceAll('/', '-')}-${plan.tip.slice(0, 7)}`,
      ignoreFocusOut: true,
    });
    if (into === undefined || into === '') return 'not pushed';
    const next = await engine.request('plumbline/planPush', { repoRoot: plan.repoRoot, branch: plan.branch, into });
    return (await this.pushForRequest(next, next)) ? 'elsewhere' : 'not pushed';
  }

  #run(plan: PushPlan, title: string): Thenable<PushOutcome> {
    const { engine } = this.#services;
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_progress, token) =>
      engine.request('plumbline/pushCommits', { plan }, token),
    );
  }

  /** Says how it ended, without holding up what comes next. */
  #tell(text: string): void {
    this.#services.log.info(`[push] ${text}`);
    void vscode.window.showInformationMessage(text);
  }
}

function keptText(): string {
  return vscode.l10n.t('The commit stays in this repository; nothing was pushed.');
}
