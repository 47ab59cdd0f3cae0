import type { Connection } from 'vscode-languageserver/node';
import type { BackgroundRunner } from '../base/async.ts';
import type { SyncApi } from '../engine/syncs/syncApi.ts';
import { answersTo } from './answers.ts';

/**
 * Answers the requests about syncs. A cancelled request ends a sync between two objects.
 * @param background sends progress without holding up the sync
 */
export function registerSyncRequests(connection: Connection, syncs: SyncApi, background: BackgroundRunner): void {
  const on = answersTo(connection);
  on('plumbline/planSync', ({ targets, request }, signal) => syncs.plan(targets, request, signal));
  on('plumbline/executeSync', ({ planId, options }, signal) =>
    syncs.execute(
      planId,
      options,
      (progress) => {
        background.run('send sync progress', () => connection.sendNotification('plumbline/syncProgress', progress));
      },
      signal,
    ),
  );
  on('plumbline/syncHistory', ({ applicationId }, signal) => syncs.history(applicationId, signal));
}
