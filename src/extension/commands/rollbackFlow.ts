import * as vscode from 'vscode';
import type { RevertConflict, RollbackPlan, RollbackPlanning, RollbackTarget } from '../../engine/model/rollback.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { commandIds } from '../ids.ts';
import { rollbackDetail, rollbackDocument } from '../words/rollbackText.ts';
import { resolveApplication } from './pick.ts';
import { pickMainlines, pickMethod, pickRevision } from './rollbackPick.ts';
import type { Services } from './services.ts';

type Conflict = Extract<RollbackPlanning, { kind: 'conflict' }>;

/** Rolls an application back: to the commit of a recorded sync, or to one that the user picks. @param argument of the command, unchecked */
export async function rollBack(argument: unknown, services: Services): Promise<void> {
  const row = await resolveApplication(argument, services, vscode.l10n.t('Choose an application to roll back'), canRollBack);
  if (row === undefined) return;
  const revision = recordedRevision(argument) ?? (await pickRevision(row, services));
  if (revision === undefined) return;
  const method = await pickMethod(row, revision);
  if (method === undefined) return;
  await goBack(row, { applicationId: row.id, revision, method }, services);
}

/** Applications of Git that have a destination; what another tool applies can be rolled back in Git just the same. */
function canRollBack(row: ApplicationRow): boolean {
  return row.context !== undefined && row.owner !== 'helm';
}

/** The commit of a recorded sync, when the command was run on its row. */
function recordedRevision(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('record' in argument)) return undefined;
  const { record } = argument;
  if (typeof record !== 'object' || record === null || !('revision' in record)) return undefined;
  return typeof record.revision === 'string' ? record.revision : undefined;
}

async function goBack(row: ApplicationRow, target: RollbackTarget, services: Services): Promise<void> {
  const planning = await planOf(target, services);
  switch (planning.kind) {
    case 'mainline': {
      const mainlines = await pickMainlines(planning.questions, services);
      if (mainlines !== undefined) await goBack(row, { ...target, mainlines: { ...target.mainlines, ...mainlines } }, services);
      return;
    }
    case 'conflict':
      await settleConflict(row, target, planning, services);
      return;
    case 'plan':
      await carryOut(row, planning.plan, services);
  }
}

function planOf(target: RollbackTarget, { engine }: Services): Thenable<RollbackPlanning> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Planning the roll back…'), cancellable: true },
    (_progress, token) => engine.request('plumbline/planRollback', target, token),
  );
}

/** Shows what changes, asks once, commits or makes a pull request, and goes on with the sync. */
async function carryOut(row: ApplicationRow, plan: RollbackPlan, services: Services): Promise<void> {
  const { commits, log, presenter } = services;
  await showPatch(plan, services);
  if (plan.commit.refused !== undefined) {
    await vscode.window.showWarningMessage(presenter.reasonWords(plan.commit.refused), { modal: true });
    return;
  }
  const way = await confirm(row, plan, services);
  if (way === undefined) return;
  log.info(`[rollback] confirmed application=${row.id} to=${plan.revision} method=${plan.method} way=${way}`);
  const title = vscode.l10n.t('Roll Back {0} to {1}', row.id, plan.revision.slice(0, 7));
  const end = await commits.run(plan.commit, { title, toBranch: way === 'branch', isShown: true });
  if (end === 'pushed' || (end === 'committed' && plan.commit.push === undefined && way === 'commit')) await offerSync(row, services);
}

async function confirm(row: ApplicationRow, plan: RollbackPlan, services: Services): Promise<'commit' | 'branch' | undefined> {
  const commit = vscode.l10n.t('Commit…');
  const branch = vscode.l10n.t('Pull Request…');
  const show = vscode.l10n.t('Show Objects');
  const question = vscode.l10n.t('Roll back {0} to {1} “{2}”?', row.id, plan.revision.slice(0, 7), plan.summary.subject);
  const ways = plan.commit.mustBranch === undefined ? [commit, branch] : [branch];
  const detail = rollbackDetail(plan, services.words());
  const canShow = plan.rendered.length > 0 || plan.shared.some(({ rendered }) => rendered.length > 0);
  let choice = await vscode.window.showWarningMessage(question, { modal: true, detail }, ...ways, ...(canShow ? [show] : []));
  if (choice === show) {
    await showObjects(plan, services);
    // Not modal, so that the objects can be read before the answer.
    choice = await vscode.window.showQuickPick(ways, { title: question, placeHolder: vscode.l10n.t('Choose how'), ignoreFocusOut: true });
  }
  return choice === commit ? 'commit' : choice === branch ? 'branch' : undefined;
}

async function showPatch(plan: RollbackPlan, { documents, words }: Services): Promise<void> {
  const uri = documents.addPlan(rollbackDocument(plan, words()), 'diff');
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
}

/** Every object that renders differently, of other applications too, before and after. */
async function showObjects(plan: RollbackPlan, { documents }: Services): Promise<void> {
  const all = [{ applicationId: plan.applicationId, rendered: plan.rendered }, ...plan.shared];
  const resources = all.flatMap(({ applicationId, rendered }) =>
    rendered.map(({ key, before, after }) => {
      const uri = (text: string | undefined): vscode.Uri => documents.addRendered(applicationId, key, text ?? '');
      const [left, right] = [uri(before), uri(after)];
      return [right, left, right];
    }),
  );
  const title = vscode.l10n.t('{0}: now ↔ {1}', plan.applicationId, plan.revision.slice(0, 7));
  await vscode.commands.executeCommand('vscode.changes', title, resources);
}

/** Waits until the new commit is the target, then syncs with the usual plan and confirmation. */
async function offerSync(row: ApplicationRow, { engine }: Services): Promise<void> {
  const hasArrived = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Comparing {0} with the new commit…', row.name),
      cancellable: true,
    },
    (_progress, token) => engine.request('plumbline/arrived', { applicationId: row.id, revision: 'HEAD' }, token),
  );
  if (row.owner !== 'plumbline') {
    await vscode.window.showInformationMessage(vscode.l10n.t('{0} is rolled back in Git. {1} applies it.', row.id, row.owner));
    return;
  }
  if (hasArrived) await vscode.commands.executeCommand(commandIds.sync, { applicationId: row.id });
}

/** A revert that conflicts: restore instead, or leave it in progress for the merge editor, where nothing is in the way. */
async function settleConflict(row: ApplicationRow, target: RollbackTarget, conflict: Conflict, services: Services): Promise<void> {
  const { engine, presenter, log } = services;
  const { commit, files, refused } = conflict;
  const details = { commit: `${commit.id.slice(0, 7)} “${commit.subject}”`, files };
  const restore = vscode.l10n.t('Restore Files Instead');
  const merge = vscode.l10n.t('Resolve in Merge Editor');
  const choice = await vscode.window.showWarningMessage(
    presenter.reasonWords({ code: 'rollback-conflict', details }),
    {
      modal: true,
      detail:
        refused === undefined
          ? vscode.l10n.t('The merge editor works on the files on disk: git revert stays in progress until you commit or abort it.')
          : presenter.reasonWords(refused),
    },
    restore,
    ...(refused === undefined ? [merge] : []),
  );
  if (choice === restore) await goBack(row, { ...target, method: 'restore' }, services);
  if (choice !== merge) return;
  log.info(`[rollback] git revert started application=${row.id} commit=${commit.id}`);
  const { conflicts } = await engine.request('plumbline/startRevert', target);
  await openMergeEditors(conflicts);
}

async function openMergeEditors(conflicts: readonly RevertConflict[]): Promise<void> {
  const known = await vscode.commands.getCommands(true);
  const hasGit = known.includes('git.openMergeEditor');
  // The Git extension knows of the conflicts only once it has looked.
  if (hasGit) await vscode.commands.executeCommand('git.refresh');
  // What one side deleted has no second side to show: Source Control offers to keep or to delete it.
  if (hasGit && conflicts.some(({ isMergeable }) => !isMergeable)) await vscode.commands.executeCommand('workbench.view.scm');
  for (const { file, isMergeable } of conflicts) {
    const uri = vscode.Uri.file(file);
    if (hasGit && isMergeable) await vscode.commands.executeCommand('git.openMergeEditor', uri);
    else await vscode.window.showTextDocument(uri, { preview: false });
  }
  await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'git revert is in progress. Resolve the conflicts, stage the files and commit; then sync. To undo it: git revert --abort.',
    ),
  );
}
