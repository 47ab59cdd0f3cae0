import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { commandIds } from '../ids.ts';
import type { ClusterNode } from '../tree/clustersView.ts';
import { changedLines, configText } from './configText.ts';
import { resolveApplication } from './pick.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';

const configName = 'plumbline.yaml';

/** Choose Cluster, Manage with Plumbline, Create plumbline.yaml, Sign In. */
export function registerClusterCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.chooseCluster]: (argument) => chooseCluster(argument, services),
    [commandIds.forgetCluster]: async (argument) => {
      const row = await resolveApplication(
        argument,
        services,
        vscode.l10n.t('Choose an application'),
        (candidate) => candidate.origin === 'convention' && candidate.context !== undefined,
      );
      if (row === undefined) return;
      await services.settings.chooseDestination(row.path, undefined);
      await services.engine.notify('plumbline/settings', services.settings.engine());
    },
    [commandIds.manage]: (argument) => manage(argument, services),
    [commandIds.createConfig]: () => createConfig(services),
    [commandIds.signIn]: (argument) => signIn(argument, services),
  });
}

async function chooseCluster(argument: unknown, services: Services): Promise<void> {
  const row = await resolveApplication(
    argument,
    services,
    vscode.l10n.t('Choose an application to compare'),
    (candidate) => candidate.origin === 'convention',
  );
  if (row === undefined) return;
  const context = await pickContext(services, { title: vscode.l10n.t('Compare {0} (1/2)', row.name) });
  if (context === undefined) return;
  const namespace = await pickNamespace(services, context, vscode.l10n.t('Compare {0} (2/2)', row.name));
  if (namespace === undefined) return;
  await services.settings.chooseDestination(row.path, { context: context.name, namespace });
  await services.engine.notify('plumbline/settings', services.settings.engine());
}

interface Context {
  readonly name: string;
  readonly namespace: string;
}

async function pickContext(services: Services, options: { readonly title: string }): Promise<Context | undefined> {
  const { contexts, problem } = await services.engine.request('plumbline/contexts', null);
  if (contexts.length === 0) {
    const openSettings = vscode.l10n.t('Open Settings');
    const why = problem === undefined ? vscode.l10n.t('No kubeconfig with a context was found.') : services.presenter.reasonWords(problem);
    const choice = await vscode.window.showWarningMessage(why, openSettings);
    if (choice === openSettings) await vscode.commands.executeCommand('workbench.action.openSettings', 'plumbline.kubeconfig');
    return undefined;
  }
  const items = contexts.map((context) => ({
    label: context.name,
    description: context.isCurrent ? vscode.l10n.t('current context') : '',
    context,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    ...options,
    placeHolder: vscode.l10n.t('Choose a cluster by its kubeconfig context'),
  });
  return picked?.context;
}

async function pickNamespace(services: Services, context: Context, title: string): Promise<string | undefined> {
  const { namespaces, problem } = await services.engine.request('plumbline/namespaces', { context: context.name });
  if (namespaces.length > 0) {
    const sorted = [...namespaces].sort((a, b) => Number(b === context.namespace) - Number(a === context.namespace) || a.localeCompare(b));
    return vscode.window.showQuickPick(sorted, { title, placeHolder: vscode.l10n.t('Choose a namespace') });
  }
  return vscode.window.showInputBox({
    title,
    value: context.namespace,
    prompt:
      problem === undefined
        ? vscode.l10n.t('Namespace of the application')
        : vscode.l10n.t('Namespaces cannot be listed: {0}', services.presenter.reasonWords(problem)),
    validateInput: (text) => (isNamespace(text) ? undefined : vscode.l10n.t('Lower-case letters, digits and dashes')),
  });
}

function isNamespace(text: string): boolean {
  return /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/.test(text);
}

async function manage(argument: unknown, services: Services): Promise<void> {
  const row = await resolveApplication(
    argument,
    services,
    vscode.l10n.t('Choose an application to manage'),
    (candidate) => candidate.origin === 'convention',
  );
  if (row === undefined) return;
  const environment = await pickEnvironment(row, services);
  if (environment === undefined) return;
  const { file, text, problem } = await services.engine.request('plumbline/manageText', { applicationId: row.id, environment });
  if (problem !== undefined) {
    await vscode.window.showWarningMessage(services.presenter.reasonWords(problem));
    return;
  }
  await writeUnsaved(vscode.Uri.file(file), text);
}

async function pickEnvironment(row: ApplicationRow, services: Services): Promise<string | undefined> {
  const known = new Set<string>();
  for (const application of services.store.applications.values()) {
    if (application.environment !== undefined && application.repoRoot === row.repoRoot) known.add(application.environment);
  }
  const title = vscode.l10n.t('Manage {0}', row.name);
  const other = vscode.l10n.t('$(add) Another environment…');
  const picked =
    known.size === 0
      ? other
      : await vscode.window.showQuickPick([...known, other], { title, placeHolder: vscode.l10n.t('Choose its environment') });
  if (picked !== other) return picked;
  return vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Name of the environment, e.g. prod'),
    validateInput: (text) => (/^[\w.-]+$/.test(text) ? undefined : vscode.l10n.t('Letters, digits, and . - _ only')),
  });
}

async function createConfig(services: Services): Promise<void> {
  const root = services.store.repos[0]?.root ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (root === undefined) return;
  const uri = vscode.Uri.joinPath(vscode.Uri.file(root), configName);
  if (await exists(uri)) {
    await vscode.window.showTextDocument(uri);
    return;
  }
  const context = await pickContext(services, { title: vscode.l10n.t('Create plumbline.yaml') });
  if (context === undefined) return;
  const environment = await vscode.window.showInputBox({
    title: vscode.l10n.t('Create plumbline.yaml'),
    prompt: vscode.l10n.t('Name of the environment that {0} is', context.name),
    value: context.name,
    validateInput: (text) => (text.trim() === '' ? vscode.l10n.t('A name is needed') : undefined),
  });
  if (environment === undefined) return;
  const suggestions = [...services.store.applications.values()].filter((row) => row.origin === 'convention' && row.repoRoot === root);
  const chosen =
    suggestions.length === 0
      ? []
      : await vscode.window.showQuickPick(
          suggestions.map((row) => ({ label: row.name, description: row.path, picked: true, row })),
          { title: vscode.l10n.t('Create plumbline.yaml'), placeHolder: vscode.l10n.t('Choose the applications'), canPickMany: true },
        );
  if (chosen === undefined) return;
  const applications = chosen.map(({ row }) => ({ name: row.name, path: row.path, namespace: context.namespace }));
  await writeUnsaved(uri, configText(environment.trim(), context.name, applications));
}

async function signIn(argument: unknown, services: Services): Promise<void> {
  const given = isClusterNode(argument) ? argument.context : undefined;
  const waiting = services.store.clusters.filter((row) => row.status === 'sign-in');
  const context =
    given ??
    (waiting.length === 1
      ? waiting[0]?.context
      : await vscode.window.showQuickPick(
          waiting.map((row) => row.context),
          { placeHolder: vscode.l10n.t('Choose a cluster to sign in to') },
        ));
  if (context === undefined) return;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Signing in to {0}…', context), cancellable: true },
    (_progress, token) => services.engine.request('plumbline/signIn', { context }, token),
  );
}

function isClusterNode(value: unknown): value is ClusterNode {
  return typeof value === 'object' && value !== null && 'context' in value && typeof value.context === 'string';
}

/** Opens a file with a new text at what is new in it, unsaved, so that the user reviews and saves it. */
async function writeUnsaved(uri: vscode.Uri, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  let line = 0;
  if (await exists(uri)) {
    const document = await vscode.workspace.openTextDocument(uri);
    const { startLine, endLine, lines } = changedLines(document.getText().replaceAll('\r\n', '\n'), text.replaceAll('\r\n', '\n'));
    line = startLine;
    const end = document.lineAt(document.lineCount - 1).range.end;
    if (startLine >= document.lineCount) edit.insert(uri, end, `\n${lines.join('\n')}`);
    else if (endLine >= document.lineCount) edit.replace(uri, new vscode.Range(new vscode.Position(startLine, 0), end), lines.join('\n'));
    else edit.replace(uri, new vscode.Range(startLine, 0, endLine, 0), lines.map((one) => `${one}\n`).join(''));
  } else {
    edit.createFile(uri, { ignoreIfExists: true });
    edit.insert(uri, new vscode.Position(0, 0), text);
  }
  await vscode.workspace.applyEdit(edit);
  const position = new vscode.Position(line, 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position) });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}
