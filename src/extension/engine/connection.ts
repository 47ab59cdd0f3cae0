import type { CancellationToken } from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ServerRequests } from '../../protocol/commitMessages.ts';
import type { ClientNotifications, Requests, ServerNotifications } from '../../protocol/messages.ts';

/** A running engine: typed requests and notifications. */
export interface EngineConnection {
  request<Name extends keyof Requests>(
    name: Name,
    params: Requests[Name]['params'],
    token?: CancellationToken,
  ): Promise<Requests[Name]['result']>;
  notify<Name extends keyof ClientNotifications>(name: Name, params: ClientNotifications[Name]): Promise<void>;
  stop(): Promise<void>;
}

/** Answers to what the engine asks of the editor. */
export type ServerAnswers = {
  readonly [Name in keyof ServerRequests]: (params: ServerRequests[Name]['params']) => Promise<ServerRequests[Name]['result']>;
};

/** What the connection tells its owner. */
export interface ConnectionEvents {
  /** the engine answers (first start or after a crash) */
  onRunning(): void;
  /** the process ended and is started again */
  onRestarting(): void;
  /** the process ended too often; it stays down until {@link EngineConnection} is made anew */
  onFailed(error: Error): void;
  onNotification: { readonly [Name in keyof ServerNotifications]: (params: ServerNotifications[Name]) => void };
}

/** How the engine's process is started. */
export interface EngineLaunch {
  /** absolute path of the bundled server */
  readonly module: string;
  readonly initializationOptions: () => object;
  readonly events: ConnectionEvents;
  readonly answers: ServerAnswers;
  /** whether one more start is allowed after the process ended */
  readonly mayRestart: () => boolean;
}

/** Anything that listens for notifications of the engine. */
export type NotificationListener<Name extends keyof ServerNotifications> = (params: ServerNotifications[Name]) => void;

/** The engine as the surfaces of the extension see it: always there, started on demand, restarted behind their backs. */
export interface EngineApi {
  request<Name extends keyof Requests>(
    name: Name,
    params: Requests[Name]['params'],
    token?: CancellationToken,
  ): Promise<Requests[Name]['result']>;
  on<Name extends keyof ServerNotifications>(name: Name, listener: NotificationListener<Name>): Disposable;
}
