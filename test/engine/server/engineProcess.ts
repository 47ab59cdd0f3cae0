import { type ChildProcess, execFile, fork } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  IPCMessageReader,
  IPCMessageWriter,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from 'vscode-languageserver/node';
import type { EngineSettings } from '../../../src/engine/model/settings.ts';
import type { LineMark } from '../../../src/engine/model/snapshot.ts';
import { engineArguments } from '../../../src/protocol/engineProcess.ts';
import type { ClientNotifications, Requests, ServerNotifications } from '../../../src/protocol/messages.ts';
import { atEnd } from '../engine/support.ts';

const bundle = fileURLToPath(new URL('../../../dist/server.mjs', import.meta.url));
const builder = fileURLToPath(new URL('../../tools/build.mjs', import.meta.url));

const listened = [
  'plumbline/changed',
  'plumbline/progress',
  'plumbline/decorations',
  'plumbline/documentsChanged',
  'textDocument/publishDiagnostics',
  'window/logMessage',
] as const;

/** What the editor gives to a server. */
export interface Launch {
  readonly folder: string;
  readonly storagePath: string;
  readonly settings: EngineSettings;
  /** told everything that the process says: each message of the protocol as JSON, and what it prints */
  readonly onOutput?: (text: string) => void;
}

/** The engine's process, spoken to over IPC as the editor does. */
export class EngineProcess {
  readonly connection: ProtocolConnection;
  readonly initialized: InitializeResult;
  /** milliseconds from the start of the process to its answer to `initialize` */
  readonly readyMs: number;
  readonly changes: ServerNotifications['plumbline/changed'][] = [];
  readonly progress: ServerNotifications['plumbline/progress'][] = [];
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #marks = new Map<string, readonly LineMark[]>();
  readonly #diagnostics = new Map<string, readonly Diagnostic[]>();
  readonly #waiting = new Set<() => void>();

  private constructor(child: ChildProcess, connection: ProtocolConnection, initialized: InitializeResult, readyMs: number) {
    this.#child = child;
    this.connection = connection;
    this.initialized = initialized;
    this.readyMs = readyMs;
  }

  /** Starts the bundled server and opens a folder; it is killed with the test when it still runs. */
  static async start(t: TestContext, launch: Launch): Promise<EngineProcess> {
    await access(bundle).catch(() => promisify(execFile)(process.execPath, [builder, '--no-wasm']));
    const startedAt = performance.now();
    const { onOutput } = launch;
    const printed = onOutput === undefined ? 'inherit' : 'pipe';
    const child = fork(bundle, ['--node-ipc'], { execArgv: [...engineArguments], stdio: ['ignore', printed, printed, 'ipc'] });
    if (onOutput !== undefined) {
      child.on('message', (message) => {
        onOutput(JSON.stringify(message));
      });
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
    }
    const connection = createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    atEnd(t, async () => {
      connection.dispose();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    connection.listen();
    connection.onRequest('workspace/codeLens/refresh', () => null);
    const initialized: InitializeResult = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: { workspace: { workspaceFolders: true } },
      workspaceFolders: [{ uri: pathToFileURL(launch.folder).href, name: 'repo' }],
      initializationOptions: { settings: launch.settings, storagePath: launch.storagePath, environment: {} },
    });
    const engine = new EngineProcess(child, connection, initialized, performance.now() - startedAt);
    engine.#listen();
    await connection.sendNotification('initialized', {});
    return engine;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  request<Name extends keyof Requests>(name: Name, params: Requests[Name]['params']): Promise<Requests[Name]['result']> {
    return this.connection.sendRequest(name, params);
  }

  notify<Name extends keyof ClientNotifications>(name: Name, params: ClientNotifications[Name]): Promise<void> {
    return this.connection.sendNotification(name, params);
  }

  marks(file: string): readonly LineMark[] {
    return this.#marks.get(file) ?? [];
  }

  diagnostics(file: string): readonly Diagnostic[] {
    return this.#diagnostics.get(pathToFileURL(file).href) ?? [];
  }

  /** Waits until a condition holds; looks again at each notification, and every 200 ms. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`not within ${String(timeoutMs)} ms: ${what}\n${this.log.join('\n')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** How the process ends. */
  async ended(): Promise<{ code: number | null; signal: string | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Closes the channel without a word, as an editor that crashed. */
  disconnect(): void {
    this.#child.disconnect();
  }

  #listen(): void {
    for (const name of listened) {
      this.connection.onNotification(name, (params: unknown) => {
        this.#take(name, params);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      });
    }
  }

  #take(name: (typeof listened)[number], params: unknown): void {
    switch (name) {
      case 'plumbline/changed':
        this.changes.push(params as ServerNotifications['plumbline/changed']);
        break;
      case 'plumbline/progress':
        this.progress.push(params as ServerNotifications['plumbline/progress']);
        break;
      case 'plumbline/decorations': {
        const { file, marks } = params as ServerNotifications['plumbline/decorations'];
        this.#marks.set(file, marks);
        break;
      }
      case 'textDocument/publishDiagnostics': {
        const { uri, diagnostics } = params as PublishDiagnosticsParams;
        this.#diagnostics.set(uri, diagnostics);
        break;
      }
      case 'window/logMessage':
        this.log.push((params as { message: string }).message);
        break;
      case 'plumbline/documentsChanged':
        break;
    }
  }
}

/** Processes below one, at any depth (Linux: /proc). */
export async function descendants(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const parent = /\) \S (\d+) /.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = new Set([pid]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/** Whether a process runs; one that ended and was not collected yet does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}
