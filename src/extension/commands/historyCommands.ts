import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { SyncRecord } from '../../engine/model/ledger.ts';
import { GitExtension } from '../engine/gitExtension.ts';
import { commandIds } from '../ids.ts';
import type { HistoryNode } from '../tree/historyView.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';

const mostFiles = 200;

/** The actions on a row of the Sync History: *Open Commit Diff* and *Copy Revision*. */
export function registerHistoryCommands(services: Services): Disposable {
  const git = new GitExtension();
  return registerCommands(services.presenter, {
    [commandIds.openCommitDiff]: (argument) => openCommitDiff(argument, git, services),
    [commandIds.copyRevision]: async (argument) => {
      const given = toRecord(argument);
      if (given !== undefined) await vscode.env.clipboard.writeText(given.record.revision);
    },
  });
}

/** What a sync brought: the files from the commit of the sync before it, or, of the first one, from the commit's parent. */
async function openCommitDiff(argument: unknown, git: GitExtension, { store, historyView }: Services): Promise<void> {
  const given = toRecord(argument);
  const row = given === undefined ? undefined : store.applications.get(given.applicationId);
  if (given === undefined || row === undefined || given.record.revision === '') return;
  const { revision } = given.record;
  const before = historyView.previousOf(given.record)?.revision;
  const changes = await git.changes({ repoRoot: row.repoRoot, to: revision, ...(before === undefined ? {} : { from: before }) });
  const to = revision.slice(0, 7);
  if (changes === undefined) {
    const detail = vscode.l10n.t('The Git extension is off, or this clone does not have the commit. Fetch it, and try again.');
    await vscode.window.showWarningMessage(vscode.l10n.t('The changes of {0} cannot be shown.', to), { modal: true, detail });
    return;
  }
  if (changes.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('No file differs from the sync before.'));
    return;
  }
  const from = before === undefined ? vscode.l10n.t('before') : before.slice(0, 7);
  const shown = changes.slice(0, mostFiles).map(({ uri, left, right }) => [uri, left, right]);
  await vscode.commands.executeCommand('vscode.changes', `${row.name}: ${from} ↔ ${to}`, shown);
}

function toRecord(argument: unknown): { readonly applicationId: string; readonly record: SyncRecord } | undefined {
  if (typeof argument !== 'object' || argument === null || !('type' in argument) || argument.type !== 'record') return undefined;
  const node = argument as HistoryNode;
  return node.type === 'record' ? node : undefined;
}
