import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { FileRange } from '../../engine/model/application.ts';
import { displayName, parseKeyString } from '../../engine/model/objects.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { commandIds } from '../ids.ts';
import type { TreeNode } from '../tree/nodes.ts';
import { givenTarget, pickApplication, resolveObject } from './pick.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import { toTarget } from './target.ts';

/** Open Source Line, Show in Plumbline, Copy Name. */
export function registerSourceCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.openSource]: (argument) => openSource(argument, services),
    [commandIds.reveal]: async (argument) => {
      const target =
        givenTarget(argument, services) ?? toOwnTarget(await pickApplication(services, vscode.l10n.t('Choose an application'), () => true));
      if (target !== undefined) await services.view.reveal(target);
    },
    [commandIds.copyName]: async (argument, selection) => {
      const nodes = Array.isArray(selection) && selection.length > 0 ? (selection as TreeNode[]) : services.view.selection;
      const names = (nodes.length > 0 ? nodes : [argument as TreeNode]).flatMap((node) => nameOf(node) ?? []);
      if (names.length > 0) await vscode.env.clipboard.writeText(names.join('\n'));
    },
  });
}

async function openSource(argument: unknown, services: Services): Promise<void> {
  const given = givenTarget(argument, services);
  if (given !== undefined && given.key === undefined && toTarget(argument) !== undefined) {
    const row = services.store.applications.get(given.applicationId);
    if (row?.declaredAt !== undefined) await openRange(row, row.declaredAt);
    else if (row !== undefined) await revealFolder(row);
    return;
  }
  const found = await resolveObject(argument, services, vscode.l10n.t('Choose an object'), (row) => row.source !== undefined);
  if (found === undefined) return;
  const field = found.object.fields.find((row) => row.id === given?.fieldId);
  const range = field?.source ?? found.object.source;
  if (range !== undefined) await openRange(found.application, range);
}

async function openRange(application: ApplicationRow, range: FileRange): Promise<void> {
  const uri = vscode.Uri.joinPath(vscode.Uri.file(application.repoRoot), range.file);
  const start = new vscode.Position(range.startLine, range.startColumn);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(start, start), preview: true });
}

async function revealFolder(application: ApplicationRow): Promise<void> {
  const uri = vscode.Uri.joinPath(vscode.Uri.file(application.repoRoot), application.path);
  await vscode.commands.executeCommand('revealInExplorer', uri);
}

function toOwnTarget(row: ApplicationRow | undefined): { applicationId: string } | undefined {
  return row === undefined ? undefined : { applicationId: row.id };
}

function nameOf(node: TreeNode | undefined): string | undefined {
  switch (node?.type) {
    case 'application':
      return node.row.name;
    case 'object':
    case 'child':
      return displayName(parseKeyString(node.row.key));
    case 'field':
      return node.row.id;
    case 'group':
      return node.group.label;
    case 'message':
    case undefined:
      return undefined;
  }
}
