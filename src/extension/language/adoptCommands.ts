import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { WritebackTarget, WritebackPlan } from '../../engine/model/writeback.ts';
import { registerCommands } from '../commands/services.ts';
import type { Services } from '../commands/services.ts';
import { toTarget } from '../commands/target.ts';
import { commandIds } from '../ids.ts';

/** Registers "Adopt Live Value": live values are written into the files that set them, after a preview of each edit. */
export function registerAdoptCommands(services: Services): Disposable {
  return registerCommands(services.presenter, { [commandIds.adopt]: (argument, selection) => adopt(argument, selection, services) });
}

async function adopt(argument: unknown, selection: unknown, services: Services): Promise<void> {
  const given: unknown[] = Array.isArray(argument) ? argument : Array.isArray(selection) && selection.length > 0 ? selection : [argument];
  let targets = given.flatMap((each) => adoptTarget(toTarget(each)));
  if (targets.length === 0) targets = await targetsAtCursor(services);
  if (targets.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('Choose a drifted field in the tree, or put the cursor on its line.'));
    return;
  }
  const [first] = targets;
  const root = first === undefined ? undefined : services.store.applications.get(first.applicationId)?.repoRoot;
  if (root === undefined) return;
  const plan = await services.engine.request('plumbline/planWriteback', { targets });
  const [refused] = plan.refused;
  if (refused !== undefined) await vscode.window.showWarningMessage(services.presenter.reasonWords(refused.reason));
  if (plan.edits.length === 0 || !(await mayAlsoMove(plan))) return;
  const edit = new vscode.WorkspaceEdit();
  const label = plan.edits.length === 1 ? vscode.l10n.t('Adopt live value') : vscode.l10n.t('Adopt live values');
  for (const { range, newText } of plan.edits) {
    const place = new vscode.Range(range.startLine, range.startColumn, range.endLine, range.endColumn);
    edit.replace(vscode.Uri.joinPath(vscode.Uri.file(root), range.file), place, newText, { label, needsConfirmation: true });
  }
  await vscode.workspace.applyEdit(edit, { isRefactoring: true });
}

/** Asks before anything else than what was meant moves. */
async function mayAlsoMove({ affected }: WritebackPlan): Promise<boolean> {
  const others = affected.filter(({ kind }) => kind === 'other');
  if (others.length === 0) return true;
  const proceed = vscode.l10n.t('Edit All the Same');
  const detail = others.map(({ applicationId, object, paths }) => `${applicationId}: ${object} ${paths.join(', ')}`).join('\n');
  const message = vscode.l10n.t('The edit would also change other objects.');
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, proceed)) === proceed;
}

async function targetsAtCursor({ engine }: Services): Promise<WritebackTarget[]> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== 'file') return [];
  const { marks } = await engine.request('plumbline/marks', { file: editor.document.uri.fsPath });
  const { start, end } = editor.selection;
  return marks
    .filter(({ kind, range }) => kind === 'changed' && start.line <= range.endLine && range.startLine <= end.line)
    .flatMap(({ applicationId, objectKey, fieldId }) => (fieldId === undefined ? [] : [{ applicationId, key: objectKey, fieldId }]));
}

function adoptTarget(target: ReturnType<typeof toTarget>): WritebackTarget[] {
  if (target?.key === undefined || target.fieldId === undefined) return [];
  return [{ applicationId: target.applicationId, key: target.key, fieldId: target.fieldId }];
}
