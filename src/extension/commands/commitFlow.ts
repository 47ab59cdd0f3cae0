import * as vscode from 'vscode';
import type { CommitOutcome, CommitPlan } from '../../engine/model/commit.ts';
import type { ContextKeySetter } from '../contextKeys.ts';
import type { Documents } from '../diff/documents.ts';
import { commitDetail, commitDocument, filesText, pushDetail } from '../words/commitText.ts';
import { MessageEditor } from './commitMessage.ts';
import { PushFlow, type PushServices } from './commitPush.ts';

/** What commits need of the extension. */
export interface CommitFlowOptions extends PushServices {
  readonly documents: Documents;
  readonly contextKeys: ContextKeySetter;
}

/** What a {@link CommitFlow} works with. */
export interface CommitFlowServices extends PushServices {
  readonly documents: Documents;
  readonly messages: MessageEditor;
  readonly pushes: PushFlow;
}

/** How it ended: `pushed` is in the target now; `requested` is a pushed branch whose pull request is to be created. */
export type CommitEnd = 'cancelled' | 'committed' | 'pushed' | 'requested';

/** How a commit is carried out. */
export interface CommitOptions {
  /** what the commit is, e.g. a roll back */
  readonly title?: string;
  /** a new branch is wanted in any case */
  readonly toBranch?: boolean;
  /** its patch is on the screen already */
  readonly isShown?: boolean;
}

type Way = 'commit' | 'push' | 'branch';

/** Commits with a preview, a message and one confirmation, then pushes or opens the page of a pull request. */
export class CommitFlow {
  readonly #services: CommitFlowServices;

  constructor(services: CommitFlowServices) {
    this.#services = services;
  }

  /** Commits the edits of applications. @param toBranch a new branch is wanted in any case */
  async commitEdits(applicationIds: readonly string[], toBranch = false): Promise<CommitEnd> {
    const plan = await this.#planEdits(applicationIds);
    return plan === undefined ? 'cancelled' : this.run(plan, { toBranch });
  }

  /** Carries out a plan of a commit, once the user confirmed it. */
  async run(plan: CommitPlan, options: CommitOptions = {}): Promise<CommitEnd> {
    const { presenter, messages } = this.#services;
    if (plan.refused !== undefined) {
      await vscode.window.showWarningMessage(presenter.reasonWords(plan.refused), { modal: true });
      return 'cancelled';
    }
    if (options.isShown !== true) await this.#preview(plan);
    const message = await messages.ask(plan.message, options.title ?? vscode.l10n.t('Commit Changes'));
    if (message === undefined) return 'cancelled';
    const isToBranch = plan.mustBranch !== undefined || options.toBranch === true;
    const way = isToBranch ? 'branch' : await this.#confirm(plan, message);
    if (way === undefined) return 'cancelled';
    if (way === 'branch') return this.#toBranch(plan, message);
    const outcome = await this.#commit(plan, message);
    this.#tell(outcome);
    // Without a remote the branch itself is the target.
    if (way === 'commit') return plan.push === undefined ? 'pushed' : 'committed';
    const push = await this.#services.engine.request('plumbline/planPush', { repoRoot: plan.repoRoot });
    // What was confirmed, or asked again: the branch may have moved meanwhile.
    const isAsShown = push.count === (plan.push?.count ?? 0) + 1 && push.tip === outcome.commit;
    const { pushes } = this.#services;
    const end = isAsShown ? await pushes.push(push) : await pushes.confirmAndPush(plan.repoRoot);
    if (end === 'elsewhere') return 'requested';
    return end === 'pushed' ? 'pushed' : 'committed';
  }

  /** Plans once all is saved: what is not on disk is not committed. */
  async #planEdits(applicationIds: readonly string[]): Promise<CommitPlan | undefined> {
    const { engine } = this.#services;
    const plan = (): Thenable<CommitPlan> =>
      vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Looking at the edits…'), cancellable: true },
        (_progress, token) => engine.request('plumbline/planCommit', { applicationIds }, token),
      );
    const first = await plan();
    if (first.unsaved.length === 0) return first;
    const save = vscode.l10n.t('Save and Go On');
    const choice = await vscode.window.showWarningMessage(
      vscode.l10n.t('Files of the applications have edits that are not saved.'),
      { modal: true, detail: first.unsaved.join('\n') },
      save,
    );
    if (choice !== save) return undefined;
    const files = new Set(first.unsaved.map((path) => vscode.Uri.joinPath(vscode.Uri.file(first.repoRoot), path).fsPath));
    for (const document of vscode.workspace.textDocuments) if (files.has(document.uri.fsPath)) await document.save();
    return plan();
  }

  async #preview(plan: CommitPlan): Promise<void> {
    const uri = this.#services.documents.addPlan(commitDocument(plan, this.#services.words()), 'diff');
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
  }

  /** The one confirmation: the files, and what a push would carry and move. */
  async #confirm(plan: CommitPlan, message: string): Promise<Way | undefined> {
    const words = this.#services.words();
    const subject = message.split('\n')[0] ?? '';
    const { push, branch = '' } = plan;
    const ways: Readonly<Record<string, Way>> = {
      ...(push === undefined ? {} : { [vscode.l10n.t('Commit and Push')]: 'push' as const }),
      [vscode.l10n.t('Commit')]: 'commit',
      ...(push === undefined ? {} : { [vscode.l10n.t('New Branch…')]: 'branch' as const }),
    };
    const detail = [commitDetail(plan, subject, words), ...(push === undefined ? [] : [pushDetail(push, words, subject)])].join('\n\n');
    const choice = await vscode.window.showInformationMessage(
      vscode.l10n.t('Commit {0} to {1}?', filesText(plan, words), branch),
      { modal: true, detail },
      ...Object.keys(ways),
    );
    return choice === undefined ? undefined : ways[choice];
  }

  /** A new branch beside the checkout, pushed, and the page of its pull request. */
  async #toBranch(plan: CommitPlan, message: string): Promise<CommitEnd> {
    const { engine, pushes, words, presenter } = this.#services;
    const newBranch = await vscode.window.showInputBox({
      title: vscode.l10n.t('New Branch'),
      prompt: plan.mustBranch === undefined ? vscode.l10n.t('The checkout stays as it is.') : presenter.reasonWords(plan.mustBranch),
      value: plan.suggestedBranch,
      ignoreFocusOut: true,
      validateInput: (value) => (value.trim() === '' ? vscode.l10n.t('The name is empty.') : undefined),
    });
    if (newBranch === undefined) return 'cancelled';
    const subject = message.split('\n')[0] ?? '';
    const go = plan.push === undefined ? vscode.l10n.t('Commit to New Branch') : vscode.l10n.t('Commit and Create Pull Request');
    const detail = [
      ...(plan.mustBranch === undefined ? [] : [presenter.reasonWords(plan.mustBranch)]),
      commitDetail(plan, subject, words()),
      ...(plan.push === undefined ? [] : [vscode.l10n.t('The branch is pushed to {0}. It moves no application.', plan.push.remote)]),
      vscode.l10n.t('The files on disk and the checked-out branch stay as they are.'),
    ].join('\n\n');
    const question = vscode.l10n.t('Commit {0} to the new branch {1}?', filesText(plan, words()), newBranch);
    if ((await vscode.window.showInformationMessage(question, { modal: true, detail }, go)) !== go) return 'cancelled';
    const outcome = await this.#commit(plan, message, newBranch.trim());
    if (plan.push === undefined) {
      this.#tell(outcome);
      return 'committed';
    }
    const push = await engine.request('plumbline/planPush', { repoRoot: plan.repoRoot, branch: outcome.branch });
    return (await pushes.pushForRequest(push, outcome)) ? 'requested' : 'committed';
  }

  #commit(plan: CommitPlan, message: string, newBranch?: string): Thenable<CommitOutcome> {
    const { engine, log } = this.#services;
    log.info(
      `[commit] confirmed plan=${plan.id} files=${plan.files.map(({ path }) => path).join()} branch=${newBranch ?? plan.branch ?? '-'}`,
    );
    const choice = { message, ...(newBranch === undefined ? {} : { newBranch }) };
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Committing…'), cancellable: true },
      (_progress, token) => engine.request('plumbline/commit', { planId: plan.id, choice }, token),
    );
  }

  /** Says what was committed, and what hooks did, without holding up a push. */
  #tell({ commit, branch, changedByHooks, warnings }: CommitOutcome): void {
    const { log, presenter } = this.#services;
    const texts = [
      vscode.l10n.t('Committed {0} to {1}.', commit.slice(0, 7), branch),
      ...(changedByHooks.length === 0 ? [] : [vscode.l10n.t('Hooks changed {0}.', changedByHooks.join(', '))]),
      ...warnings.map((warning) => presenter.reasonWords(warning)),
    ];
    log.info(`[commit] ${texts.join(' ')}`);
    void (texts.length > 1 ? vscode.window.showWarningMessage(texts.join(' ')) : vscode.window.showInformationMessage(texts.join(' ')));
  }
}

/** The parts that work together. */
export function makeCommitFlow(options: CommitFlowOptions): { messages: MessageEditor; pushes: PushFlow; commits: CommitFlow } {
  const messages = new MessageEditor(options.contextKeys);
  const pushes = new PushFlow(options);
  return { messages, pushes, commits: new CommitFlow({ ...options, messages, pushes }) };
}
