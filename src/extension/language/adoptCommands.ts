import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { WritebackAction, WritebackPlan, WritebackTarget } from '../../engine/model/writeback.ts';
import { registerCommands } from '../commands/services.ts';
import type { Services } from '../commands/services.ts';
import { toTarget } from '../commands/target.ts';
import { commandIds } from '../ids.ts';
import { confirmAndApply, shownEdits } from './fileEdits.ts';
import { choiceQuestion, ignoreQuestion, refusedText, type Words, writebackQuestion } from './writebackWords.ts';

/** Registers what brings files in line with live: *Adopt Live Value*, *Remove from Git* and *Ignore This Field*. */
export function registerAdoptCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.adopt]: (argument, selection) => writeBack(argument, selection, 'adopt', services),
    [commandIds.removeFromGit]: (argument, selection) => writeBack(argument, selection, 'remove', services),
    [commandIds.ignoreField]: (argument, selection) => ignore(argument, selection, services),
  });
}

async function writeBack(argument: unknown, selection: unknown, action: WritebackAction, services: Services): Promise<void> {
  const targets = await targetsOf(argument, selection, services);
  if (targets.length === 0) return;
  const first = await planned(targets, action, 'source', services);
  const plan = first.choices.length === 0 ? first : await chosen(first, targets, action, services);
  if (plan === undefined) return;
  const words = wordsOf(services);
  if (plan.edits.length + plan.newFiles.length === 0) {
    await vscode.window.showWarningMessage(refusedText(plan.refused, words));
    return;
  }
  const title = action === 'remove' ? vscode.l10n.t('Remove from Git') : vscode.l10n.t('Adopt live values');
  const question = writebackQuestion(await shownEdits(plan), plan, action, words);
  if (!(await confirmAndApply(plan, question, title, services))) return;
  services.log.info(`[${action}] edits=${String(plan.edits.length)} newFiles=${String(plan.newFiles.length)} repo=${plan.repoRoot}`);
  const file = plan.newFiles[0]?.file ?? plan.edits[0]?.range.file;
  if (file !== undefined)
    await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(plan.repoRoot), file), { preview: true });
}

/** Asks where to write what also moves something else; undefined: nowhere. */
async function chosen(
  plan: WritebackPlan,
  targets: readonly WritebackTarget[],
  action: WritebackAction,
  services: Services,
): Promise<WritebackPlan | undefined> {
  const { message, detail } = choiceQuestion(plan.affected, vscode.l10n);
  const [source, overlay] = [vscode.l10n.t('Edit All the Same'), vscode.l10n.t('Only Here, in the Overlay')];
  const buttons = plan.choices.includes('overlay') ? [overlay, source] : [source];
  const choice = await vscode.window.showWarningMessage(message, { modal: true, detail }, ...buttons);
  if (choice === source) return plan;
  return choice === overlay ? planned(targets, action, 'overlay', services) : undefined;
}

function planned(
  targets: readonly WritebackTarget[],
  action: WritebackAction,
  place: 'source' | 'overlay',
  { engine }: Services,
): Thenable<WritebackPlan> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Looking for the lines…'), cancellable: true },
    (_progress, token) => engine.request('plumbline/planWriteback', { targets, action, place }, token),
  );
}

async function ignore(argument: unknown, selection: unknown, services: Services): Promise<void> {
  const targets = await targetsOf(argument, selection, services);
  if (targets.length === 0) return;
  const plan = await services.engine.request('plumbline/planIgnore', { targets });
  const words = wordsOf(services);
  if (plan.edits.length === 0) {
    await vscode.window.showWarningMessage(refusedText(plan.refused, words));
    return;
  }
  const edits = { ...plan, newFiles: [] };
  const question = ignoreQuestion(await shownEdits(edits), plan, words);
  if (!(await confirmAndApply(edits, question, vscode.l10n.t('Ignore fields'), services))) return;
  services.log.info(`[ignore] rules=${String(plan.places.length)} fields=${String(plan.effects.length)} repo=${plan.repoRoot}`);
}

/** What a command is about: its argument, the selected rows, or the marks on the cursor's lines; says so when there is nothing. */
async function targetsOf(argument: unknown, selection: unknown, services: Services): Promise<WritebackTarget[]> {
  const given: unknown[] = Array.isArray(argument) ? argument : Array.isArray(selection) && selection.length > 0 ? selection : [argument];
  const targets = given.flatMap((each) => writebackTarget(toTarget(each)));
  const found = targets.length > 0 ? targets : await targetsAtCursor(services);
  if (found.length === 0) {
    await vscode.window.showInformationMessage(
      vscode.l10n.t('Choose a drifted field or object in the tree, or put the cursor on its line.'),
    );
  }
  return found;
}

async function targetsAtCursor({ engine }: Services): Promise<WritebackTarget[]> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== 'file') return [];
  const { marks } = await engine.request('plumbline/marks', { file: editor.document.uri.fsPath });
  const { start, end } = editor.selection;
  return marks
    .filter(({ range }) => start.line <= range.endLine && range.startLine <= end.line)
    .flatMap(({ applicationId, objectKey, fieldId }) => (fieldId === undefined ? [] : [{ applicationId, key: objectKey, fieldId }]));
}

function writebackTarget(target: ReturnType<typeof toTarget>): WritebackTarget[] {
  if (target?.key === undefined) return [];
  const { applicationId, key, fieldId } = target;
  return [{ applicationId, key, ...(fieldId === undefined ? {} : { fieldId }) }];
}

function wordsOf({ presenter }: Services): Words {
  return { l10n: vscode.l10n, reasonWords: (reason) => presenter.reasonWords(reason) };
}
