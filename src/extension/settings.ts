import * as vscode from 'vscode';
import type { Disposable } from '../base/lifecycle.ts';
import { type CommitSettings, defaultCommitSettings, type EngineSettings } from '../engine/model/settings.ts';
import type { InitializationOptions } from '../protocol/messages.ts';
import { groupings } from './tree/grouping.ts';
import type { Grouping } from './tree/grouping.ts';

/** Variables of the login shell that Git, kubeconfig plugins and connections need. */
const forwardedVariables = [
  'PATH',
  'HOME',
  'KUBECONFIG',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'SSH_AUTH_SOCK',
] as const;

const destinationsKey = 'plumbline.chosenDestinations';

type Destinations = EngineSettings['chosenDestinations'];

/** The typed way to the settings and to what the workspace remembers. */
export class Settings implements Disposable {
  readonly #memory: vscode.Memento;
  readonly #subscription: vscode.Disposable;
  /** asked at each painting, and a look at the configuration is no small thing */
  #areDecorationsEnabled: boolean | undefined;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#subscription = vscode.workspace.onDidChangeConfiguration(() => {
      this.#areDecorationsEnabled = undefined;
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** What the engine needs to know. */
  engine(): EngineSettings {
    const settings = vscode.workspace.getConfiguration('plumbline');
    return {
      isTrusted: vscode.workspace.isTrusted,
      kubeconfig: settings.get<readonly string[]>('kubeconfig', []).map(expandHome),
      controlPlanes: settings.get<readonly string[]>('controlPlanes', []),
      gitPath: settings.get<string>('git.path', '').trim() || null,
      fetchIntervalMinutes: settings.get<number>('fetch.intervalMinutes', 3),
      allowRemoteSources: settings.get<boolean>('remoteSources.enabled', false),
      renderTimeoutSeconds: settings.get<number>('render.timeoutSeconds', 10),
      decorationsEnabled: this.areDecorationsEnabled,
      codeLensEnabled: settings.get<boolean>('codeLens.enabled', true),
      objectLensEnabled: settings.get<boolean>('codeLens.objects', false),
      chosenDestinations: this.#memory.get<Destinations>(destinationsKey, {}),
      commit: commitSettings(settings),
    };
  }

  /** What a starting engine is given. */
  initializationOptions(storage: vscode.Uri): InitializationOptions {
    return { settings: this.engine(), storagePath: storage.fsPath, environment: forwardedEnvironment() };
  }

  /** How long a sync waits until everything is healthy. */
  get syncTimeoutSeconds(): number {
    return vscode.workspace.getConfiguration('plumbline').get<number>('sync.timeoutSeconds', 300);
  }

  get areDecorationsEnabled(): boolean {
    this.#areDecorationsEnabled ??= vscode.workspace.getConfiguration('plumbline').get<boolean>('decorations.enabled', true);
    return this.#areDecorationsEnabled;
  }

  get grouping(): Grouping {
    const value = vscode.workspace.getConfiguration('plumbline').get<string>('tree.groupBy');
    return groupings.find((grouping) => grouping === value) ?? 'environment';
  }

  /** Groups the tree another way, in the user's settings: the repo's own settings stay as they are. */
  async setGrouping(grouping: Grouping): Promise<void> {
    await vscode.workspace.getConfiguration('plumbline').update('tree.groupBy', grouping, vscode.ConfigurationTarget.Global);
  }

  /** Maps an application found by convention to a cluster, or (undefined) forgets the mapping. */
  async chooseDestination(path: string, destination: Destinations[string] | undefined): Promise<void> {
    const rest = Object.entries(this.#memory.get<Destinations>(destinationsKey, {})).filter(([known]) => known !== path);
    await this.#memory.update(destinationsKey, Object.fromEntries(destination === undefined ? rest : [...rest, [path, destination]]));
  }
}

/** Our own settings, and those of the Git extension that mean the same. */
function commitSettings(settings: vscode.WorkspaceConfiguration): CommitSettings {
  const git = vscode.workspace.getConfiguration('git');
  return {
    messageTemplate: settings.get<string>('commit.messageTemplate', defaultCommitSettings.messageTemplate),
    protectedBranches: [
      ...settings.get<readonly string[]>('commit.protectedBranches', []),
      ...git.get<readonly string[]>('branchProtection', []),
    ],
    forges: settings.get<CommitSettings['forges']>('commit.forges', {}),
    signOff: settings.get<boolean>('commit.signOff', false) || git.get<boolean>('alwaysSignOff', false),
  };
}

function forwardedEnvironment(): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const name of forwardedVariables) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  const proxy = vscode.workspace.getConfiguration('http').get<string>('proxy', '');
  if (proxy !== '' && variables['HTTPS_PROXY'] === undefined && variables['https_proxy'] === undefined) {
    variables['HTTPS_PROXY'] = proxy;
    variables['HTTP_PROXY'] ??= proxy;
  }
  return variables;
}

function expandHome(path: string): string {
  const home = process.env['HOME'] ?? process.env['USERPROFILE'];
  return home !== undefined && /^~(?=$|[\\/])/.test(path) ? home + path.slice(1) : path;
}
