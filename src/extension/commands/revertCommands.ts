import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Plan, StepResult } from '../../engine/model/plan.ts';
import { commandIds } from '../ids.ts';
import { outcomeText, planText, workOf } from '../words/planText.ts';
import { pickApplication } from './pick.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import { toRevertTargets, toTargets } from './target.ts';
import type { CommandTarget } from './target.ts';
import { typeName } from './typeName.ts';

/** *Revert Drift* of a field, an object, an application, or several rows. */
export function registerRevertCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.revert]: (argument, selection) => revert(argument, selection, services),
  });
}

async function revert(argument: unknown, selection: unknown, services: Services): Promise<void> {
  const given = toTargets(argument, selection);
  const selected = given.length > 0 ? given : toTargets(undefined, services.view.selection);
  const targets = toRevertTargets(selected.length > 0 ? selected : await pickTargets(services));
  if (targets.length === 0) return;
  const { plans, refused } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Planning the revert…'), cancellable: true },
    (_progress, token) => services.engine.request('plumbline/planRevert', { targets }, token),
  );
  if (!(await confirm(plans, refused, services))) return;
  await execute(
    plans.filter((plan) => workOf(plan).length > 0),
    services,
  );
}

async function pickTargets(services: Services): Promise<CommandTarget[]> {
  const application = await pickApplication(
    services,
    vscode.l10n.t('Choose an application whose drift is to be reverted'),
    (row) => row.driftedObjects > 0 || row.driftedFields > 0 || row.state === 'missing',
  );
  if (application === undefined) return [];
  const objects = (await services.store.objects(application.id)).filter((row) => row.fields.length > 0 || row.state === 'missing');
  const items: (vscode.QuickPickItem & { readonly target?: CommandTarget })[] = objects.flatMap((row) => [
    {
      label: `${row.kind}/${row.name}`,
      description: row.state,
      picked: true,
      target: { applicationId: application.id, key: row.key },
    },
  ]);
  if (items.length <= 1) return [{ applicationId: application.id }];
  const picked = await vscode.window.showQuickPick(items, {
    title: application.name,
    placeHolder: vscode.l10n.t('Choose the objects to revert'),
    canPickMany: true,
  });
  return picked?.flatMap(({ target }) => target ?? []) ?? [];
}

/** The one confirmation; protected environments also ask for their name. */
async function confirm(plans: readonly Plan[], refused: readonly StepResult[], services: Services): Promise<boolean> {
  const text = planText(plans, refused, services.words());
  if (!text.hasWork) {
    await vscode.window.showInformationMessage(vscode.l10n.t('There is nothing to revert.'), { modal: true, detail: text.detail });
    return false;
  }
  const showPlan = vscode.l10n.t('Show Whole Plan');
  const buttons = text.full === undefined ? [text.action] : [text.action, showPlan];
  let choice = await vscode.window.showWarningMessage(text.message, { modal: true, detail: text.detail }, ...buttons);
  if (choice === showPlan && text.full !== undefined) {
    await vscode.window.showTextDocument(services.documents.addPlan(text.full), { preview: true });
    // Not modal, so that the plan can be read before the answer.
    choice = await vscode.window.showWarningMessage(text.message, text.action, vscode.l10n.t('Cancel'));
  }
  if (choice !== text.action) return false;
  for (const name of text.protectedEnvironments) {
    if (!(await typeName(name, vscode.l10n.t('Live changes will be undone. Type {0} to go on.', name)))) return false;
  }
  return true;
}

async function execute(plans: readonly Plan[], services: Services): Promise<void> {
  const { engine, log } = services;
  for (const plan of plans) {
    log.info(
      `[revert] confirmed plan=${plan.id} cluster=${plan.context} environment=${plan.environment ?? '-'} revision=${plan.revision} objects=${String(workOf(plan).length)}`,
    );
  }
  const total = plans.reduce((sum, plan) => sum + workOf(plan).length, 0);
  const { results } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Reverting drift'), cancellable: true },
    async (progress, token) => {
      const listener = engine.on('plumbline/progress', ({ planId, object }) => {
        if (plans.some((plan) => plan.id === planId)) progress.report({ message: object, increment: 100 / Math.max(1, total) });
      });
      try {
        return await engine.request('plumbline/execute', { planIds: plans.map((plan) => plan.id) }, token);
      } finally {
        listener.dispose();
      }
    },
  );
  const outcome = outcomeText(results, services.words());
  for (const failure of outcome.failures) log.warn(`[revert] ${failure}`);
  log.info(`[revert] ${outcome.message}`);
  if (outcome.failures.length === 0) {
    await vscode.window.showInformationMessage(outcome.message);
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const choice = await vscode.window.showWarningMessage(outcome.message, showLog);
  if (choice === showLog) await vscode.commands.executeCommand(commandIds.showLog);
}
