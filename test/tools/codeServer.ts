import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installCodeServer } from './codeServerInstall.mjs';
import { freePort } from './controlPlane.ts';
import { run, startProcess, temporaryFolder } from './processes.mjs';
import type { RunningProcess } from './processes.mjs';

/** How to start a {@link CodeServer}. */
export interface CodeServerOptions {
  /** The folder, or `*.code-workspace` file, to open. */
  readonly folder: string;
  /** Holds user data, extensions and configuration; kept afterwards. Default: a temporary folder. */
  readonly userDataDir?: string;
  /** Unpacked extension, loaded through the URL's payload: no packing, but needs {@link smokeTestDriver}. */
  readonly extensionDevelopmentPath?: string;
  /** Packed extension, installed before the start (about 1 s). */
  readonly vsix?: string;
  /** Default true: `window.driver` in the page, and the URL's payload is listened to. */
  readonly smokeTestDriver?: boolean;
  /** Added to, and over, {@link QUIET_SETTINGS}. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Default false: no question of trust. True: the workspace starts in Restricted Mode. */
  readonly workspaceTrust?: boolean;
  /** Added to the environment of the server and so of extension host and engine, for instance `KUBECONFIG`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  readonly signal?: AbortSignal;
}

/** Settings without which welcome pages, tips and chat get in the way of tests and pictures. */
export const QUIET_SETTINGS: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'workbench.tips.enabled': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'update.showReleaseNotes': false,
  'git.openRepositoryInParentFolders': 'never',
  '[yaml]': { 'editor.autoIndent': 'none' },
};

/** A running VS Code in a browser. */
export class CodeServer {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Holds `User/settings.json`, logs and extensions. */
  readonly userDataDir: string;
  /** Output of the server itself. */
  readonly logPath: string;
  readonly #options: CodeServerOptions;
  readonly #process: RunningProcess;
  readonly #remove: () => Promise<void>;

  /** Use {@link startCodeServer}. */
  constructor(origin: string, userDataDir: string, options: CodeServerOptions, process: RunningProcess, remove: () => Promise<void>) {
    this.origin = origin;
    this.userDataDir = userDataDir;
    this.logPath = join(userDataDir, 'code-server.log');
    this.#options = options;
    this.#process = process;
    this.#remove = remove;
  }

  /** Resolves when the server has ended, for whatever reason. */
  get exited(): Promise<unknown> {
    return this.#process.exited;
  }

  /**
   * The address of the workbench on the folder, with the extension under development when there is one.
   * @param payload more pairs for the payload, for instance `['extensionTestsPath', server.remoteUri(path)]`
   * @param folder another folder than the one of the options
   */
  url(payload: readonly (readonly [string, string])[] = [], folder = this.#options.folder): string {
    const development = this.#options.extensionDevelopmentPath;
    const pairs = [...(development === undefined ? [] : [['extensionDevelopmentPath', this.remoteUri(development)]]), ...payload];
    const url = new URL(this.origin);
    url.searchParams.set(folder.endsWith('.code-workspace') ? 'workspace' : 'folder', folder);
    if (pairs.length > 0) url.searchParams.set('payload', JSON.stringify(pairs));
    return url.href;
  }

  /** A file of this machine as the page names it. */
  remoteUri(path: string): string {
    return `vscode-remote://${new URL(this.origin).host}${path}`;
  }

  /** Replaces the user's settings; the workbench follows without reload. */
  async writeSettings(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await writeSettings(this.userDataDir, settings);
  }

  /** Ends the server with everything it started; a temporary folder is removed. */
  async stop(): Promise<void> {
    await this.#process.stop('SIGTERM', 3_000);
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function writeSettings(userDataDir: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(join(userDataDir, 'User'), { recursive: true });
  await writeFile(join(userDataDir, 'User', 'settings.json'), JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
}

/**
 * Starts VS Code in a browser with its own user data, without marketplace and telemetry, on a port of 127.0.0.1, and waits until it answers.
 * @throws Error with the end of the server's log when it does not come up within 60 s
 */
export async function startCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const folder = options.userDataDir === undefined ? await temporaryFolder('plumbline-vscode-') : undefined;
  const home = options.userDataDir ?? folder?.path ?? '';
  await writeSettings(home, options.settings ?? {});
  await writeFile(join(home, 'config.yaml'), 'auth: none\ncert: false\n');
  const entry = join(await installCodeServer(process.execPath, { signal: options.signal }), 'out', 'node', 'entry.js');
  const shared = [`--config=${join(home, 'config.yaml')}`, `--user-data-dir=${home}`, `--extensions-dir=${join(home, 'extensions')}`];
  const env = { ...process.env, EXTENSIONS_GALLERY: '{}', XDG_DATA_HOME: join(home, 'data'), ...options.env };
  if (options.vsix !== undefined) {
    await run(process.execPath, [entry, ...shared, '--install-extension', options.vsix, '--force'], { env, signal: options.signal });
  }
  const port = options.port ?? (await freePort());
  const log = join(home, 'code-server.log');
  const running = startProcess(
    process.execPath,
    [
      entry,
      ...shared,
      '--auth=none',
      `--bind-addr=127.0.0.1:${port}`,
      '--disable-telemetry',
      '--disable-update-check',
      ...(options.workspaceTrust === true ? [] : ['--disable-workspace-trust']),
      ...((options.smokeTestDriver ?? true) ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      options.folder,
    ],
    { env, log },
  );
  const origin = `http://127.0.0.1:${port}`;
  const server = new CodeServer(origin, home, options, running, () => folder?.remove() ?? Promise.resolve());
  try {
    await untilHealthy(origin, running, log, options.signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function untilHealthy(origin: string, running: RunningProcess, log: string, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + 60_000;
  const ended = { yes: false };
  void running.exited.then(() => (ended.yes = true));
  for (;;) {
    signal?.throwIfAborted();
    const isHealthy = await fetch(`${origin}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isHealthy) return;
    if (ended.yes || Date.now() > deadline) {
      throw new Error(
        `code-server ${ended.yes ? 'ended' : 'is not ready after 60 s'}:\n${(await readFile(log, 'utf8').catch(() => '')).slice(-3000)}`,
      );
    }
    await delay(50, undefined, { signal });
  }
}
