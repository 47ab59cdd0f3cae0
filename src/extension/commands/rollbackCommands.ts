import type { Disposable } from '../../base/lifecycle.ts';
import { commandIds } from '../ids.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';

/** *Roll Back…* of an application, or to a recorded sync. What it does is loaded when it is first run. */
export function registerRollbackCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.rollBack]: async (argument) => {
      const { rollBack } = await import('./rollbackFlow.ts');
      await rollBack(argument, services);
    },
  });
}
