import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { commandIds } from '../ids.ts';
import { applicationText } from '../words/applicationText.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import { toTargets } from './target.ts';

/** *Commit Changes*, *Commit to New Branch*, *Push Commits*, and the actions of a message that is being written. */
export function registerCommitCommands(services: Services): Disposable {
  const { commits } = services;
  return registerCommands(services.presenter, {
    [commandIds.commit]: async (argument, selection) => {
      const ids = await chooseEdited(argument, selection, services);
      if (ids.length > 0) await commits.commitEdits(ids);
    },
    [commandIds.commitToBranch]: async (argument, selection) => {
      const ids = await chooseEdited(argument, selection, services);
      if (ids.length > 0) await commits.commitEdits(ids, true);
    },
    [commandIds.pushCommits]: async () => {
      const root = await chooseRepo(services);
      if (root !== undefined) await commits.confirmAndPush(root);
    },
    [commandIds.acceptMessage]: () => commits.acceptMessage(),
    [commandIds.cancelMessage]: () => commits.cancelMessage(),
  });
}

/** The given applications, the selected ones that are edited, or those that the user picks among the edited ones. */
async function chooseEdited(argument: unknown, selection: unknown, services: Services): Promise<readonly string[]> {
  const { store, view } = services;
  const given = toTargets(argument, selection);
  if (given.length > 0) return unique(given.map(({ applicationId }) => applicationId));
  const edited = [...store.applications.values()].filter((row) => row.isEdited);
  const selected = unique(toTargets(undefined, view.selection).map(({ applicationId }) => applicationId));
  const both = selected.filter((id) => edited.some((row) => row.id === id));
  if (both.length > 0) return both;
  if (edited.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('No file that an application reads is edited.'));
    return [];
  }
  return edited.length === 1 ? edited.map((row) => row.id) : pickSeveral(edited, services);
}

async function pickSeveral(rows: readonly ApplicationRow[], services: Services): Promise<readonly string[]> {
  const words = services.words();
  const items = rows.map((row) => {
    const { label, description } = applicationText(row, services.store.cluster(row.context), row.environment ?? row.context, words);
    return { label, description, id: row.id };
  });
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Commit Changes'),
    placeHolder: vscode.l10n.t('Choose the applications whose edits are committed'),
    canPickMany: true,
    ignoreFocusOut: true,
  });
  return (picked ?? []).map(({ id }) => id);
}

async function chooseRepo({ store }: Services): Promise<string | undefined> {
  const roots = unique([...store.applications.values()].map((row) => row.repoRoot));
  return roots.length > 1
    ? vscode.window.showQuickPick([...roots], { placeHolder: vscode.l10n.t('Choose the repository whose commits are pushed') })
    : roots[0];
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
