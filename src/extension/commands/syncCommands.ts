import type { Disposable } from '../../base/lifecycle.ts';
import { commandIds } from '../ids.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import type * as syncFlow from './syncFlow.ts';

type Flow = typeof syncFlow;

/** *Preview Sync*, *Sync*, *Take Over*, and the actions of the plan that is shown. What they do is loaded when one is first run. */
export function registerSyncCommands(services: Services): Disposable {
  const { planView } = services;
  const lazily =
    (run: (flow: Flow, argument: unknown, selection: unknown) => Promise<void>) =>
    async (argument?: unknown, selection?: unknown): Promise<void> => {
      await run(await import('./syncFlow.ts'), argument, selection);
    };
  return registerCommands(services.presenter, {
    [commandIds.previewSync]: lazily((flow, argument, selection) => flow.preview(argument, selection, services)),
    [commandIds.sync]: lazily((flow, argument, selection) => flow.sync(argument, selection, services)),
    [commandIds.applyWorkingTree]: lazily((flow, argument, selection) => flow.applyWorkingTree(argument, selection, services)),
    [commandIds.takeOver]: lazily((flow, argument, selection) => flow.takeOver(argument, selection, services)),
    [commandIds.applyPlan]: lazily((flow) => flow.confirmAndApply(planView.plans, services)),
    [commandIds.showPlanText]: lazily((flow) => flow.showText(planView.plans, services)),
    [commandIds.closePlan]: () => {
      planView.clear();
      return Promise.resolve();
    },
    [commandIds.showHistory]: lazily((flow, argument) => flow.showHistory(argument, services)),
  });
}
