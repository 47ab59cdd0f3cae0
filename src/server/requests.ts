import type { Connection } from 'vscode-languageserver/node';
import type { EngineApi } from '../engine/engineApi.ts';
import type { StepResult } from '../engine/model/plan.ts';
import type { ServerNotifications } from '../protocol/messages.ts';
import { type BackgroundRunner, raceWithSignal } from '../base/async.ts';
import { answersTo } from './answers.ts';
import type { Publisher } from './publisher.ts';

/**
 * Answers the `plumbline/*` requests of the client from the engine.
 * @param opened resolves when the folders of the start are read: a snapshot from before would say that there is nothing
 * @param background sends progress without holding up the execution
 */
export function registerRequests(
  connection: Connection,
  engine: EngineApi,
  publisher: Publisher,
  opened: Promise<undefined>,
  background: BackgroundRunner,
): void {
  const on = answersTo(connection);

  on('plumbline/snapshot', async ({ since, cursor }, signal) => {
    await raceWithSignal(opened, signal);
    return publisher.page(since, cursor);
  });
  on('plumbline/objects', ({ applicationId }) => ({ objects: engine.objects(applicationId) }));
  on('plumbline/children', ({ applicationId, key, uid }) => ({ children: engine.children(applicationId, key, uid) }));
  on('plumbline/effects', ({ file }) => ({ effects: engine.editor.effects(file) }));
  on('plumbline/planWriteback', (request, signal) => engine.writebacks.plan(request, signal));
  on('plumbline/planIgnore', (request, signal) => engine.ignoreEdits.plan(request, signal));
  on('plumbline/ignored', ({ applicationId }) => engine.ignores.ignored(applicationId));
  on('plumbline/marks', ({ file }) => ({ marks: engine.marks(file) }));
  on('plumbline/sideDocument', ({ applicationId, key, side, allFields }, signal) =>
    engine.sideDocument(applicationId, key, side, allFields, signal),
  );
  on('plumbline/liveYaml', ({ context, apiVersion, key }, signal) => engine.liveYaml(context, apiVersion, key, signal));
  on('plumbline/events', ({ context, key }, signal) => engine.events(context, key, signal));
  on('plumbline/logs', (target, signal) => engine.logs(target, signal));
  on('plumbline/planRevert', ({ targets }, signal) => engine.planRevert(targets, signal));
  on('plumbline/execute', async ({ planIds }, signal) => {
    const results: StepResult[] = [];
    for (const planId of planIds) {
      const sendProgress = (progress: ServerNotifications['plumbline/progress']): void => {
        background.run('send progress', () => connection.sendNotification('plumbline/progress', progress));
      };
      results.push(...(await engine.execute(planId, sendProgress, signal)));
    }
    return { results };
  });
  on('plumbline/refresh', async ({ applicationId, fetch }, signal) => {
    await engine.refresh(applicationId, { fetch }, signal);
    return null;
  });
  on('plumbline/contexts', () => engine.contexts());
  on('plumbline/namespaces', ({ context }, signal) => engine.namespaces(context, signal));
  on('plumbline/manageText', ({ applicationId, environment }, signal) => engine.manageText(applicationId, environment, signal));
  on('plumbline/signIn', async ({ context }, signal) => {
    await engine.signIn(context, signal);
    return null;
  });
}
