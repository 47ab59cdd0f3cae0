import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import { parseKeyString } from '../../engine/model/objects.ts';
import type { ChildRow } from '../../engine/model/snapshot.ts';
import type { DocumentSubject } from '../diff/documentUri.ts';
import { commandIds } from '../ids.ts';
import { applicationOf } from '../tree/nodes.ts';
import type { TreeNode } from '../tree/nodes.ts';
import { resolveObject } from './pick.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';

/** A live object, wherever the command found it. */
interface LiveObject {
  readonly applicationId: string;
  readonly context: string;
  readonly key: string;
  readonly apiVersion: string;
  readonly uid?: string;
  readonly containers: readonly string[];
}

/** Show Logs, Show Events, Show Live YAML. */
export function registerLiveCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.showLiveYaml]: async (argument) => {
      const live = await resolveLive(argument, services);
      if (live !== undefined) {
        await show({ type: 'live', context: live.context, apiVersion: live.apiVersion, key: live.key }, services);
      }
    },
    [commandIds.showEvents]: async (argument) => {
      const live = await resolveLive(argument, services);
      if (live !== undefined) await show({ type: 'events', context: live.context, key: live.key }, services);
    },
    [commandIds.showLogs]: async (argument) => {
      const live = await resolveLive(argument, services);
      if (live !== undefined) await showLogs(live, services);
    },
  });
}

async function resolveLive(argument: unknown, services: Services): Promise<LiveObject | undefined> {
  const node = argument ?? services.view.selection[0];
  if (isNode(node) && node.type === 'child') {
    const application = applicationOf(node)?.row;
    if (application?.context === undefined) return undefined;
    return fromChild(node.row, application.id, application.context);
  }
  const found = await resolveObject(argument, services, vscode.l10n.t('Choose an object'), (row) => row.isLive);
  if (found?.application.context === undefined) return undefined;
  const { object, application } = found;
  return {
    applicationId: application.id,
    context: found.application.context,
    key: object.key,
    apiVersion: object.group === '' ? object.version : `${object.group}/${object.version}`,
    containers: [],
  };
}

function fromChild(row: ChildRow, applicationId: string, context: string): LiveObject {
  return { applicationId, context, key: row.key, apiVersion: row.apiVersion, uid: row.uid, containers: row.containers };
}

async function showLogs(live: LiveObject, services: Services): Promise<void> {
  const pods = await podsBelow(live, services);
  const pod =
    pods.length <= 1
      ? pods[0]
      : (
          await vscode.window.showQuickPick(
            pods.map((row) => ({ label: parseKeyString(row.key).name, description: row.containers.join(', '), row })),
            { placeHolder: vscode.l10n.t('Choose a Pod') },
          )
        )?.row;
  if (pod === undefined) {
    if (pods.length === 0) await vscode.window.showInformationMessage(vscode.l10n.t('No Pod runs for this object.'));
    return;
  }
  const container =
    pod.containers.length <= 1
      ? (pod.containers[0] ?? '')
      : await vscode.window.showQuickPick([...pod.containers], { placeHolder: vscode.l10n.t('Choose a container') });
  if (container === undefined) return;
  const { namespace, name } = parseKeyString(pod.key);
  await show({ type: 'logs', context: live.context, namespace, pod: name, container }, services);
}

/** The object itself when it is a Pod, else the Pods below it by owner reference. */
async function podsBelow(live: LiveObject, services: Services): Promise<LiveObject[]> {
  const { kind } = parseKeyString(live.key);
  if (kind === 'Pod') {
    return [live];
  }
  const children = await services.store.children(live.applicationId, live.key, live.uid);
  const below = await Promise.all(
    children
      .filter((row) => row.kind === 'Pod' || row.hasChildren)
      .map((row) => podsBelow(fromChild(row, live.applicationId, live.context), services)),
  );
  return below.flat();
}

/** The language follows from the end of the path: `.yaml` or `.log`. */
async function show(subject: DocumentSubject, services: Services): Promise<void> {
  const uri = services.documents.uri(subject);
  const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
  if (isOpen) services.documents.refresh(uri);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true });
}

function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'id' in value;
}
