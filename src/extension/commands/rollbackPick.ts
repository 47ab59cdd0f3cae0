import * as vscode from 'vscode';
import type { ApplicationHistory, MainlineQuestion, RollbackMethod } from '../../engine/model/rollback.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { recordText } from '../words/historyText.ts';
import { commitItem, mainlineItems } from '../words/rollbackText.ts';
import type { Services } from './services.ts';

/** how many commits are offered; another one can be typed */
const mostOffered = 200;

interface RevisionItem extends vscode.QuickPickItem {
  /** absent: to be typed */
  readonly revision?: string;
}

/** Lets the user choose what to go back to: a commit of the application's history, a recorded sync, or any revision. */
export async function pickRevision(row: ApplicationRow, services: Services): Promise<string | undefined> {
  const { engine } = services;
  const history = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Looking through the history of {0}…', row.name),
      cancellable: true,
    },
    (_progress, token) => engine.request('plumbline/applicationHistory', { applicationId: row.id, limit: mostOffered }, token),
  );
  const picked = await vscode.window.showQuickPick(items(history, services), {
    title: vscode.l10n.t('Roll Back {0}', row.id),
    placeHolder: vscode.l10n.t('Choose the commit to go back to'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked === undefined) return undefined;
  return picked.revision ?? askRevision(row);
}

function items({ commits, otherSyncs, endsBy }: ApplicationHistory, services: Services): readonly RevisionItem[] {
  const words = services.words();
  const separator = (label: string): RevisionItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const older = commits.filter(({ isCurrent }) => !isCurrent);
  const offered = older.map((entry): RevisionItem => {
    const icon = new vscode.ThemeIcon(entry.syncs.some(({ outcome }) => outcome === 'done') ? 'pass' : 'git-commit');
    return { ...commitItem(entry, words), iconPath: icon, revision: entry.id };
  });
  const syncs = otherSyncs.filter(({ isDirty }) => !isDirty);
  const others = syncs.map((record): RevisionItem => {
    const { label, description } = recordText(record, words);
    return { label, description, iconPath: new vscode.ThemeIcon('history'), revision: record.revision };
  });
  const end =
    endsBy === 'start'
      ? []
      : [endsBy === 'shallow' ? vscode.l10n.t('this clone has no older commits') : vscode.l10n.t('older commits are not listed')];
  return [
    ...(offered.length === 0 ? [] : [separator(vscode.l10n.t('commits that changed it'))]),
    ...offered,
    ...(others.length === 0 ? [] : [separator(vscode.l10n.t('syncs of other commits'))]),
    ...others,
    separator(end.join()),
    { label: vscode.l10n.t('Another commit…'), iconPath: new vscode.ThemeIcon('search'), alwaysShow: true },
  ];
}

async function askRevision(row: ApplicationRow): Promise<string | undefined> {
  const revision = await vscode.window.showInputBox({
    title: vscode.l10n.t('Roll Back {0}', row.id),
    prompt: vscode.l10n.t('A commit, branch or tag of the repository'),
    ignoreFocusOut: true,
    validateInput: (text) =>
      text.trim() === '' || text.trim().startsWith('-') ? vscode.l10n.t('Name a commit, branch or tag.') : undefined,
  });
  return revision?.trim();
}

/** Lets the user choose how to go back. */
export async function pickMethod(row: ApplicationRow, revision: string): Promise<RollbackMethod | undefined> {
  const short = /^[0-9a-f]{40,}$/.test(revision) ? revision.slice(0, 7) : revision;
  const items: readonly (vscode.QuickPickItem & { readonly method: RollbackMethod })[] = [
    {
      label: vscode.l10n.t('Restore Files'),
      detail: vscode.l10n.t('What {0} reads becomes as it was at {1}, and nothing else.', row.name, short),
      iconPath: new vscode.ThemeIcon('discard'),
      method: 'restore',
    },
    {
      label: vscode.l10n.t('Revert Commits'),
      detail: vscode.l10n.t('All that the commits of {0} since {1} changed is taken back, as git revert does.', row.name, short),
      iconPath: new vscode.ThemeIcon('git-commit'),
      method: 'revert',
    },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Roll Back {0} to {1}', row.id, short),
    placeHolder: vscode.l10n.t('Choose how'),
    ignoreFocusOut: true,
  });
  return picked?.method;
}

/** Asks of each merge which parent's side stays. */
export async function pickMainlines(
  questions: readonly MainlineQuestion[],
  services: Services,
): Promise<Readonly<Record<string, number>> | undefined> {
  const mainlines: Record<string, number> = {};
  for (const question of questions) {
    const picked = await vscode.window.showQuickPick(mainlineItems(question, services.words()), {
      title: vscode.l10n.t('Revert the Merge {0} “{1}”', question.commit.id.slice(0, 7), question.commit.subject),
      placeHolder: vscode.l10n.t('Choose the side that stays'),
      ignoreFocusOut: true,
    });
    if (picked === undefined) return undefined;
    mainlines[question.commit.id] = picked.mainline;
  }
  return mainlines;
}
