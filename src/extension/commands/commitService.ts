import type * as vscode from 'vscode';
import type { CommitPlan } from '../../engine/model/commit.ts';
import type { CommitEnd, CommitFlow, CommitFlowOptions, CommitOptions } from './commitFlow.ts';
import type { MessageEditor } from './commitMessage.ts';
import type { PushEnd, PushFlow } from './commitPush.ts';

interface Parts {
  readonly messages: MessageEditor;
  readonly pushes: PushFlow;
  readonly commits: CommitFlow;
}

/** Commits and pushes for commands; their code is loaded at first use. */
export class CommitService implements vscode.Disposable {
  readonly #options: CommitFlowOptions;
  #parts: Promise<Parts> | undefined;
  #messages: MessageEditor | undefined;

  constructor(options: CommitFlowOptions) {
    this.#options = options;
  }

  /** See {@link CommitFlow.commitEdits}. */
  async commitEdits(applicationIds: readonly string[], toBranch = false): Promise<CommitEnd> {
    return (await this.#loaded()).commits.commitEdits(applicationIds, toBranch);
  }

  /** See {@link CommitFlow.run}. */
  async run(plan: CommitPlan, options?: CommitOptions): Promise<CommitEnd> {
    return (await this.#loaded()).commits.run(plan, options);
  }

  /** See {@link PushFlow.confirmAndPush}. */
  async confirmAndPush(repoRoot: string): Promise<PushEnd> {
    return (await this.#loaded()).pushes.confirmAndPush(repoRoot);
  }

  /** Takes the document in which a message is being written. */
  async acceptMessage(): Promise<void> {
    await this.#messages?.accept();
  }

  /** Gives up the message that is being written. */
  async cancelMessage(): Promise<void> {
    await this.#messages?.cancel();
  }

  dispose(): void {
    this.#messages?.dispose();
  }

  #loaded(): Promise<Parts> {
    this.#parts ??= this.#load();
    return this.#parts;
  }

  async #load(): Promise<Parts> {
    const { makeCommitFlow } = await import('./commitFlow.ts');
    const parts = makeCommitFlow(this.#options);
    this.#messages = parts.messages;
    return parts;
  }
}
