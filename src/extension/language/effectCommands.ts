import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { EditedObject, EditEffect } from '../../engine/model/edits.ts';
import type { Side } from '../../engine/model/sides.ts';
import { registerCommands } from '../commands/services.ts';
import type { Services } from '../commands/services.ts';
import { toTarget } from '../commands/target.ts';
import { commandIds } from '../ids.ts';
import { effectDetail, effectLine } from './effectWords.ts';

/** Registers the commands about what edits would change, and about the three sides of one object. */
export function registerEffectCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.showEffects]: (argument) => showEffects(argument, services),
    [commandIds.threeSides]: (argument) => threeSides(argument, services),
  });
}

interface EffectItem extends vscode.QuickPickItem {
  readonly effect?: EditEffect;
  readonly object?: EditedObject;
}

/** Lists what the edits of the working tree would change, by application; an object opens its three sides. */
async function showEffects(argument: unknown, services: Services): Promise<void> {
  const file = fileOf(argument) ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  const { effects } = await services.engine.request('plumbline/effects', file === undefined ? {} : { file });
  const items = effects.flatMap((effect): EffectItem[] => [
    { label: `${effect.environment ?? effect.context}/${effect.applicationName}`, kind: vscode.QuickPickItemKind.Separator },
    ...(effect.problem === undefined ? [] : [{ label: services.presenter.reasonWords(effect.problem) }]),
    ...effect.objects.map((object) => ({
      label: effectLine(object, vscode.l10n),
      detail: effectDetail(object, vscode.l10n),
      effect,
      object,
    })),
  ]);
  if (items.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('The edits change no object of any application that is compared.'));
    return;
  }
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('What the edits would change'),
    placeHolder: vscode.l10n.t('Choose an object to see live, Git and the working tree'),
    matchOnDetail: true,
  });
  if (picked?.effect === undefined || picked.object === undefined) return;
  await openThreeSides(picked.effect.applicationId, picked.object.key, picked.object.object, services);
}

async function threeSides(argument: unknown, services: Services): Promise<void> {
  const target = toTarget(argument) ?? (await targetAtCursor(services));
  if (target?.key === undefined) {
    await vscode.window.showInformationMessage(vscode.l10n.t('Choose an object in the tree, or put the cursor on a marked line.'));
    return;
  }
  const name = target.key.split('/');
  await openThreeSides(target.applicationId, target.key, `${name[1] ?? ''}/${name[3] ?? ''}`, services);
}

async function targetAtCursor({ engine }: Services): Promise<{ applicationId: string; key: string } | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== 'file') return undefined;
  const { marks } = await engine.request('plumbline/marks', { file: editor.document.uri.fsPath });
  const mark = marks.find(({ range }) => range.startLine === editor.selection.active.line) ?? marks[0];
  return mark === undefined ? undefined : { applicationId: mark.applicationId, key: mark.objectKey };
}

/**
 * Three sides of one object in one view: live, what was applied last, and the working tree. Where no sync is recorded target stands for
 * the middle one.
 */
async function openThreeSides(applicationId: string, key: string, object: string, { documents, store }: Services): Promise<void> {
  const { l10n } = vscode;
  const isSynced = store.applications.get(applicationId)?.lastSync !== undefined;
  const between = (pair: string, left: Side, right: Side): vscode.Uri[] => {
    const [from, to] = [left, right].map((side) => documents.uri({ type: 'side', applicationId, key, side, pair }));
    return from === undefined || to === undefined ? [] : [to, from, to];
  };
  const title = isSynced ? l10n.t('{0}: live ↔ last sync ↔ working tree', object) : l10n.t('{0}: live ↔ Git ↔ working tree', object);
  const middle = isSynced ? 'synced' : 'target';
  await vscode.commands.executeCommand('vscode.changes', title, [
    between(isSynced ? l10n.t('live ↔ last sync') : l10n.t('live ↔ Git'), 'live', middle),
    between(isSynced ? l10n.t('last sync ↔ working tree') : l10n.t('Git ↔ working tree'), middle, 'working tree'),
  ]);
}

function fileOf(argument: unknown): string | undefined {
  const isFile = typeof argument === 'object' && argument !== null && 'file' in argument && typeof argument.file === 'string';
  return isFile ? (argument.file as string) : undefined;
}
