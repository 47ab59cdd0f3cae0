import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { ContextKeySetter } from '../contextKeys.ts';

/** A message that is being written in a document. */
interface Writing {
  readonly document: vscode.TextDocument;
  readonly finish: (message: string | undefined) => void;
}

/** Asks for the message of a commit: one line in an input box, or as many as wanted in a document. */
export class MessageEditor implements vscode.Disposable {
  readonly #contextKeys: ContextKeySetter;
  readonly #disposables = new DisposableStore();
  #writing: Writing | undefined;

  constructor(contextKeys: ContextKeySetter) {
    this.#contextKeys = contextKeys;
    this.#disposables.add(
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        const uri = this.#writing?.document.uri.toString();
        const isClosed = closed.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri);
        if (isClosed) this.#finish(undefined);
      }),
    );
  }

  /**
   * Asks for a message.
   * @param proposed more than one line opens in a document at once
   * @returns undefined when the user gave up
   */
  async ask(proposed: string, title: string): Promise<string | undefined> {
    const text = proposed.trimEnd();
    if (text.includes('\n')) return this.#write(text);
    const line = await this.#askLine(text, title);
    return line === undefined || typeof line === 'string' ? line : this.#write(line.soFar);
  }

  /** Takes the document as the message. */
  async accept(): Promise<void> {
    const text = this.#writing?.document.getText() ?? '';
    const message = text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n')
      .trim();
    if (this.#writing === undefined) return;
    if (message === '') {
      await vscode.window.showWarningMessage(vscode.l10n.t('The message is empty.'));
      return;
    }
    await this.#end(message);
  }

  /** Gives up the document, and with it the commit. */
  async cancel(): Promise<void> {
    await this.#end(undefined);
  }

  dispose(): void {
    this.#finish(undefined);
    this.#disposables.dispose();
  }

  async #askLine(value: string, title: string): Promise<string | { readonly soFar: string } | undefined> {
    const input = vscode.window.createInputBox();
    const longer = { iconPath: new vscode.ThemeIcon('edit'), tooltip: vscode.l10n.t('Write a Longer Message') };
    Object.assign(input, { title, value, ignoreFocusOut: true, buttons: [longer] });
    input.prompt = vscode.l10n.t('Message of the commit. Nothing is committed before you confirm.');
    try {
      return await new Promise((resolve) => {
        input.onDidAccept(() => {
          if (input.value.trim() === '') input.validationMessage = vscode.l10n.t('The message is empty.');
          else resolve(input.value.trim());
        });
        input.onDidChangeValue(() => {
          input.validationMessage = undefined;
        });
        input.onDidTriggerButton(() => {
          resolve({ soFar: input.value });
        });
        input.onDidHide(() => {
          resolve(undefined);
        });
        input.show();
      });
    } finally {
      input.dispose();
    }
  }

  async #write(text: string): Promise<string | undefined> {
    await this.cancel();
    const hint = [
      vscode.l10n.t('Accept the message with the check mark in the title bar of this editor.'),
      vscode.l10n.t('Lines that start with # are left out. Close the editor to give up.'),
    ];
    const content = `${text}\n\n${hint.map((line) => `# ${line}`).join('\n')}\n`;
    // Not of language git-commit: the Git extension would put its own button into it.
    const document = await vscode.workspace.openTextDocument({ language: 'plaintext', content });
    const written = new Promise<string | undefined>((finish) => {
      this.#writing = { document, finish };
    });
    this.#contextKeys.set('plumbline:message', true);
    await vscode.window.showTextDocument(document, { preview: false });
    return written;
  }

  /** Closes the document first, and goes on then: what is asked next keeps the focus. */
  async #end(message: string | undefined): Promise<void> {
    const writing = this.#take();
    if (writing === undefined) return;
    await close(writing.document);
    writing.finish(message);
  }

  #finish(message: string | undefined): void {
    this.#take()?.finish(message);
  }

  #take(): Writing | undefined {
    const writing = this.#writing;
    this.#writing = undefined;
    this.#contextKeys.set('plumbline:message', false);
    return writing;
  }
}

/** Closes an untitled document without a question: what stood in it was taken, or is given up. */
async function close(document: vscode.TextDocument): Promise<void> {
  await vscode.window.showTextDocument(document, { preview: false });
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
}
