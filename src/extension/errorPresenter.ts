import * as vscode from 'vscode';
import { isAbortError, isAppError, toError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { words } from '../engine/model/describe.ts';
import type { Reason } from '../engine/model/states.ts';
import { commandIds } from './ids.ts';

/** The one place where error codes become words in the user's language; also shows errors of commands. */
export class ErrorPresenter {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A reason as a sentence. */
  reasonWords(reason: Reason): string {
    const { template, args } = words(reason.code, reason.details);
    return vscode.l10n.t(template, { ...args });
  }

  /** Any error as a sentence, without showing it. */
  describe(error: unknown): string {
    const reason = reasonOf(error);
    return reason === undefined ? toError(error).message : this.reasonWords(reason);
  }

  /** Logs an error of something the user did not ask for. */
  log(area: string, error: unknown): void {
    if (!isCancellation(error)) this.#log.error(`[${area}] ${toError(error).stack ?? toError(error).message}`);
  }

  /** Shows the error of something that the user asked for, with the way to the log; cancellation is silent. */
  async show(error: unknown): Promise<void> {
    if (isCancellation(error)) return;
    this.log('command', error);
    const showLog = vscode.l10n.t('Show Log');
    const choice = await vscode.window.showErrorMessage(this.describe(error), showLog);
    if (choice === showLog) await vscode.commands.executeCommand(commandIds.showLog);
  }
}

/** Whether an error only says that the user or a newer request ended it. */
function isCancellation(error: unknown): boolean {
  if (isAbortError(error) || error instanceof vscode.CancellationError) return true;
  // LSP: RequestCancelled and ServerCancelled
  return error instanceof Error && 'code' in error && (error.code === -32800 || error.code === -32802);
}

/** The code and details that an error carries, be it ours or one that came over the wire in `ResponseError.data`. */
function reasonOf(error: unknown): Reason | undefined {
  if (isAppError(error)) return { code: error.code, details: error.details };
  if (!(error instanceof Error) || !('data' in error)) return undefined;
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('code' in data) || typeof data.code !== 'string') return undefined;
  const details = 'details' in data && typeof data.details === 'object' && data.details !== null ? data.details : {};
  return { code: data.code, details: details as Reason['details'] };
}
