import type * as vscode from 'vscode';
import { Emitter } from '../../base/events.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { toError } from '../../base/errors.ts';
import type { ClientNotifications, Requests, ServerNotifications } from '../../protocol/messages.ts';
import type { EngineApi, EngineConnection, NotificationListener, ServerAnswers } from './connection.ts';
import { RestartPolicy } from './restartPolicy.ts';

const mostRestarts = 4;
const restartWindowMs = 3 * 60_000;

/** Whether the engine answers. */
export type EngineState = 'idle' | 'starting' | 'running' | 'restarting' | 'failed';

/** What the client is made of. */
export interface EngineClientOptions {
  /** absolute path of the bundled server */
  readonly module: string;
  readonly initializationOptions: () => object;
  readonly answers: ServerAnswers;
  readonly log: vscode.LogOutputChannel;
}

/** Owns the engine's process: starts it on demand, restarts it at most 4 times in 3 minutes, and tells of its state. */
export class EngineClient implements EngineApi, Disposable {
  readonly #options: EngineClientOptions;
  readonly #disposables = new DisposableStore();
  readonly #stateChanges = this.#disposables.add(new Emitter<EngineState>());
  readonly #emitters: { readonly [Name in keyof ServerNotifications]: Emitter<ServerNotifications[Name]> } = {
    'plumbline/changed': this.#disposables.add(new Emitter()),
    'plumbline/decorations': this.#disposables.add(new Emitter()),
    'plumbline/documentsChanged': this.#disposables.add(new Emitter()),
    'plumbline/progress': this.#disposables.add(new Emitter()),
    'plumbline/syncProgress': this.#disposables.add(new Emitter()),
  };
  readonly #policy = new RestartPolicy(mostRestarts, restartWindowMs, () => Date.now());
  #connection: Promise<EngineConnection> | undefined;
  #state: EngineState = 'idle';
  #failure: Error | undefined;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  readonly onDidChangeState = this.#stateChanges.event;

  get state(): EngineState {
    return this.#state;
  }

  /** Why the engine is down, when its state is `failed`. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Starts the engine unless it was started before. */
  async start(): Promise<void> {
    await this.#connected();
  }

  /** Ends the process, when there is one, and starts another. */
  async restart(): Promise<void> {
    this.#policy.reset();
    this.#failure = undefined;
    const old = this.#connection;
    this.#connection = undefined;
    await this.#stop(old);
    await this.#connected();
  }

  async request<Name extends keyof Requests>(
    name: Name,
    params: Requests[Name]['params'],
    token?: vscode.CancellationToken,
  ): Promise<Requests[Name]['result']> {
    return (await this.#connected()).request(name, params, token);
  }

  /** Tells a running engine; one that starts later gets the same by its initialization options. */
  async notify<Name extends keyof ClientNotifications>(name: Name, params: ClientNotifications[Name]): Promise<void> {
    if (this.#state === 'running') await (await this.#connected()).notify(name, params);
  }

  on<Name extends keyof ServerNotifications>(name: Name, listener: NotificationListener<Name>): Disposable {
    return this.#emitters[name].event(listener);
  }

  /** Ends the process and waits for its end. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await this.#stop(connection);
    this.#setState('idle');
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #connected(): Promise<EngineConnection> {
    // A view that asks for rows must not bring back what failed: only restart() does.
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<EngineConnection> {
    this.#failure = undefined;
    this.#setState('starting');
    try {
      const { connectEngine } = await import('./languageClient.ts');
      const fire = <Name extends keyof ServerNotifications>(name: Name) => {
        return (params: ServerNotifications[Name]): void => {
          this.#emitters[name].fire(params);
        };
      };
      return await connectEngine(
        {
          module: this.#options.module,
          initializationOptions: this.#options.initializationOptions,
          mayRestart: () => this.#policy.mayRestart(),
          answers: this.#options.answers,
          events: {
            onRunning: () => {
              this.#setState('running');
            },
            onRestarting: () => {
              this.#setState('restarting');
            },
            onFailed: (error) => {
              this.#fail(error);
            },
            onNotification: {
              'plumbline/changed': fire('plumbline/changed'),
              'plumbline/decorations': fire('plumbline/decorations'),
              'plumbline/documentsChanged': fire('plumbline/documentsChanged'),
              'plumbline/progress': fire('plumbline/progress'),
              'plumbline/syncProgress': fire('plumbline/syncProgress'),
            },
          },
        },
        this.#options.log,
      );
    } catch (error) {
      this.#fail(toError(error));
      throw error;
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#options.log.error(`[engine] ${error.message}`);
    this.#setState('failed');
  }

  async #stop(connection: Promise<EngineConnection> | undefined): Promise<void> {
    try {
      await (await connection)?.stop();
    } catch (error) {
      // A process that is already gone cannot be stopped; a new one is started all the same.
      this.#options.log.debug(`[engine] stop: ${toError(error).message}`);
    }
  }

  #setState(state: EngineState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.log.info(`[engine] ${state}`);
    this.#stateChanges.fire(state);
  }
}
