import type { Connection } from 'vscode-languageserver/node';
import type { RollbackApi } from '../engine/rollbacks/rollbackApi.ts';
import { answersTo } from './answers.ts';

/** Answers the requests about histories and roll backs. */
export function registerRollbackRequests(connection: Connection, rollbacks: RollbackApi): void {
  const on = answersTo(connection);
  on('plumbline/applicationHistory', ({ applicationId, limit }, signal) => rollbacks.history(applicationId, limit, signal));
  on('plumbline/planRollback', (target, signal) => rollbacks.plan(target, signal));
  on('plumbline/startRevert', (target, signal) => rollbacks.startRevert(target, signal));
  on('plumbline/arrived', ({ applicationId, revision }, signal) => rollbacks.arrived(applicationId, revision, signal));
}
