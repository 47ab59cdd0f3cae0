import type { CancellationToken, Connection } from 'vscode-languageserver/node';
import type { RollbackApi } from '../engine/rollbacks/rollbackApi.ts';
import type { RollbackRequests } from '../protocol/rollbackMessages.ts';
import { withSignal } from './cancellation.ts';

/** Answers the requests about histories and roll backs. */
export function registerRollbackRequests(connection: Connection, rollbacks: RollbackApi): void {
  const on = <Name extends keyof RollbackRequests>(
    name: Name,
    handler: (params: RollbackRequests[Name]['params'], signal: AbortSignal) => Promise<RollbackRequests[Name]['result']>,
  ): void => {
    connection.onRequest(name, (params: RollbackRequests[Name]['params'], token: CancellationToken) =>
      withSignal(token, (signal) => handler(params, signal)),
    );
  };
  on('plumbline/applicationHistory', ({ applicationId, limit }, signal) => rollbacks.history(applicationId, limit, signal));
  on('plumbline/planRollback', (target, signal) => rollbacks.plan(target, signal));
  on('plumbline/startRevert', (target, signal) => rollbacks.startRevert(target, signal));
  on('plumbline/arrived', ({ applicationId, revision }, signal) => rollbacks.arrived(applicationId, revision, signal));
}
