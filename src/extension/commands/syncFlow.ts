import * as vscode from 'vscode';
import { displayName } from '../../engine/model/objects.ts';
import { isWork } from '../../engine/model/plan.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { type SyncKind, type SyncPlan, type SyncPlans, type SyncResult, type SyncTarget, tickOf } from '../../engine/model/sync.ts';
import { commandIds, viewIds } from '../ids.ts';
import { actionWords, isWorking, syncOutcomeText, syncPlanDocument, syncQuestion } from '../words/syncPlanText.ts';
import { pickApplication } from './pick.ts';
import type { Services } from './services.ts';
import { toRevertTargets, toTargets } from './target.ts';
import { typeName } from './typeName.ts';

/** *Preview Sync*: the plan as a tree and as a text; nothing is written. */
export async function preview(argument: unknown, selection: unknown, services: Services): Promise<void> {
  const plans = await planFor(argument, selection, services);
  if (plans === undefined) return;
  services.planView.show(plans);
  await vscode.commands.executeCommand(`${viewIds.plan}.focus`);
  await showText(plans, services);
}

/** *Sync…*: plan, ticks, one question, and what the question says. */
export function sync(argument: unknown, selection: unknown, services: Services): Promise<void> {
  return planAndApply(argument, selection, services, 'sync');
}

/** Moves the ownership of objects that kubectl or Helm applied; nothing of Git is applied, so edits do not matter. */
export async function takeOver(argument: unknown, selection: unknown, services: Services): Promise<void> {
  const plans = await planFor(argument, selection, services, 'take-over');
  if (plans === undefined) return;
  services.planView.show(plans);
  await confirmAndApply(plans, services);
}

/** Applies the files as they are in the editor, saved or not, where the environment allows it. */
export function applyWorkingTree(argument: unknown, selection: unknown, services: Services): Promise<void> {
  return planAndApply(argument, selection, services, 'dirty');
}

async function planAndApply(argument: unknown, selection: unknown, services: Services, kind: SyncKind): Promise<void> {
  const plans = await planFor(argument, selection, services, kind);
  if (plans === undefined) return;
  services.planView.show(plans);
  const ticks = await askTicks(plans, services);
  if (ticks === undefined) return;
  services.planView.show(plans, ticks);
  await confirmAndApply(plans, services);
}

async function planFor(argument: unknown, selection: unknown, services: Services, kind: SyncKind = 'sync'): Promise<SyncPlans | undefined> {
  const { prompt, title } = promptsOf(kind);
  const targets = await chooseTargets(argument, selection, services, prompt);
  if (targets.length === 0) return undefined;
  if (kind === 'sync' && !(await isReadyWithEdits(targets, services))) return undefined;
  if (kind === 'dirty' && !(await allowsDirty(targets, services))) return undefined;
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_progress, token) =>
    services.engine.request('plumbline/planSync', { targets, request: { kind } }, token),
  );
}

function promptsOf(kind: SyncKind): { readonly prompt: string; readonly title: string } {
  switch (kind) {
    case 'sync':
      return { prompt: vscode.l10n.t('Choose an application to sync'), title: vscode.l10n.t('Planning the sync…') };
    case 'dirty':
      return {
        prompt: vscode.l10n.t('Choose an application whose files to apply as they are here'),
        title: vscode.l10n.t('Planning to apply the working tree…'),
      };
    case 'take-over':
      return { prompt: vscode.l10n.t('Choose an application to take over'), title: vscode.l10n.t('Planning the take over…') };
  }
}

/** What is not committed is applied only where plumbline.yaml says so: the message says what to write, and leads there. */
async function allowsDirty(targets: readonly SyncTarget[], services: Services): Promise<boolean> {
  const rows = targets.flatMap(({ applicationId }) => services.store.applications.get(applicationId) ?? []);
  const refused = rows.find((row) => row.allowsDirty !== true);
  if (refused === undefined) return true;
  const environment = refused.environment ?? refused.context ?? '';
  const openConfig = vscode.l10n.t('Open plumbline.yaml');
  const choice = await vscode.window.showWarningMessage(
    vscode.l10n.t('Apply Working Tree is off for {0}.', environment),
    { modal: true, detail: services.presenter.reasonWords({ code: 'sync-dirty-not-allowed', details: { environment } }) },
    openConfig,
  );
  if (choice === openConfig) await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(refused.repoRoot), 'plumbline.yaml'));
  return false;
}

async function chooseTargets(argument: unknown, selection: unknown, services: Services, prompt: string): Promise<SyncTarget[]> {
  const given = toTargets(argument, selection);
  const chosen = toSyncTargets(given.length > 0 ? given : toTargets(undefined, services.view.selection), services);
  if (chosen.length > 0) return chosen;
  const row = await pickApplication(services, prompt, isSyncable);
  return row === undefined ? [] : [{ applicationId: row.id }];
}

function isSyncable(row: ApplicationRow): boolean {
  return row.owner === 'plumbline' && row.context !== undefined;
}

/** Whole applications, or the chosen objects of one; a field stands for its object. */
function toSyncTargets(targets: ReturnType<typeof toTargets>, { store }: Services): SyncTarget[] {
  const byApplication = new Map<string, Set<string> | undefined>();
  for (const { applicationId, object } of toRevertTargets(targets)) {
    const row = store.applications.get(applicationId);
    if (row === undefined || !isSyncable(row)) continue;
    if (object === undefined) byApplication.set(applicationId, undefined);
    else if (!byApplication.has(applicationId)) byApplication.set(applicationId, new Set([object]));
    else byApplication.get(applicationId)?.add(object);
  }
  return [...byApplication].map(([applicationId, objects]) =>
    objects === undefined ? { applicationId } : { applicationId, objects: [...objects] },
  );
}

/** A sync applies the target commit, never what is not committed: said before it could surprise. */
async function isReadyWithEdits(targets: readonly SyncTarget[], services: Services): Promise<boolean> {
  const edited = targets.flatMap(({ applicationId }) => services.store.applications.get(applicationId) ?? []).filter((row) => row.isEdited);
  const [first] = edited;
  if (first === undefined) return true;
  const commitFirst = vscode.l10n.t('Commit First…');
  const goOn = vscode.l10n.t('Sync Without the Edits');
  const choice = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} has uncommitted edits.', edited.map((row) => row.name).join(', ')),
    {
      modal: true,
      detail: vscode.l10n.t(
        'A sync applies the target ({0}), not the files on disk. Commit and push the edits first to apply them.',
        [first.targetRef, first.targetRevision].filter((part) => part !== undefined).join(' '),
      ),
    },
    commitFirst,
    goOn,
  );
  if (choice !== commitFirst) return choice === goOn;
  // Only what is pushed is the target that a sync applies.
  return (await services.commits.commitEdits(edited.map((row) => row.id))) === 'pushed';
}

/** Deletions and recreations that take data or other objects with them are chosen one by one; none is chosen at first. */
async function askTicks({ plans }: SyncPlans, services: Services): Promise<string[] | undefined> {
  const steps = plans.flatMap((plan) => plan.steps).filter((step) => step.tick !== undefined && isWork(step));
  if (steps.length === 0) return [];
  const { l10n } = services.words();
  const picked = await vscode.window.showQuickPick(
    steps.map((step) => ({
      label: displayName(step.key),
      description: step.key.namespace,
      detail: actionWords(step.action, l10n),
      tick: tickOf(step),
    })),
    {
      title: vscode.l10n.t('Deleted or Recreated Only When Ticked'),
      placeHolder: vscode.l10n.t('Choose one by one; what is not chosen stays as it is'),
      canPickMany: true,
      ignoreFocusOut: true,
    },
  );
  return picked?.map(({ tick }) => tick);
}

/** The one confirmation, then the sync; what it does is what the view shows. */
export async function confirmAndApply(plans: SyncPlans, services: Services): Promise<void> {
  const { planView } = services;
  const question = syncQuestion(plans, planView.ticks, services.words());
  if (question === undefined) {
    const [reason] = [...plans.refused, ...plans.plans.flatMap((plan) => plan.steps)].flatMap((step) => step.reason ?? []);
    const why = reason === undefined ? '' : services.presenter.reasonWords(reason);
    const nothing = isTakeOver(plans) ? vscode.l10n.t('There is nothing to take over.') : vscode.l10n.t('There is nothing to sync.');
    await vscode.window.showInformationMessage(nothing, { modal: true, detail: why });
    return;
  }
  const showPlan = vscode.l10n.t('Show Plan');
  const choice = await vscode.window.showWarningMessage(
    question.message,
    { modal: true, detail: question.detail },
    question.action,
    showPlan,
  );
  if (choice === showPlan) {
    await vscode.commands.executeCommand(`${viewIds.plan}.focus`);
    await showText(plans, services);
    return;
  }
  if (choice !== question.action) return;
  for (const name of question.protectedEnvironments) {
    if (!(await typeName(name, vscode.l10n.t('Objects are deleted, recreated, or set back. Type {0} to go on.', name)))) return;
  }
  await apply(
    plans.plans.filter((plan) => isWorking(plan, planView.ticks)),
    services,
  );
}

function isTakeOver({ plans }: SyncPlans): boolean {
  return plans.some(({ kind }) => kind === 'take-over');
}

async function apply(plans: readonly SyncPlan[], services: Services): Promise<void> {
  const { engine, log, planView, settings } = services;
  const options = { ticks: [...planView.ticks], wait: true, timeoutSeconds: settings.syncTimeoutSeconds };
  const results: SyncResult[] = [];
  const isOwnership = isTakeOver({ plans, refused: [] });
  const title = isOwnership ? vscode.l10n.t('Taking over') : vscode.l10n.t('Syncing');
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const listener = engine.on('plumbline/syncProgress', (step) => {
        planView.follow(step);
        const name = step.key === undefined ? '' : displayName(step.key);
        const what = step.message === undefined ? name : `${name}: ${step.message}`;
        progress.report({ message: step.total === 0 ? what : `${String(step.done)}/${String(step.total)} ${what}` });
      });
      try {
        for (const plan of plans) {
          log.info(
            `[sync] confirmed plan=${plan.id} cluster=${plan.context} environment=${plan.environment ?? '-'} commits=${plan.applications.map(({ revision }) => revision).join()}`,
          );
          const result = await engine.request('plumbline/executeSync', { planId: plan.id, options }, token);
          results.push(result);
          if (result.outcome === 'cancelled') return;
        }
      } finally {
        listener.dispose();
        planView.stop();
      }
    },
  );
  await tell(results, isOwnership, services);
}

async function tell(results: readonly SyncResult[], isOwnership: boolean, services: Services): Promise<void> {
  const { log, planView, historyView } = services;
  historyView.refresh();
  const outcome = syncOutcomeText(results, services.words(), isOwnership);
  for (const problem of outcome.problems) log.warn(`[sync] ${problem}`);
  log.info(`[sync] ${outcome.message}`);
  if (outcome.isGood) {
    planView.clear();
    await vscode.window.showInformationMessage(outcome.message);
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const choice = await vscode.window.showWarningMessage(outcome.message, showLog);
  if (choice === showLog) await vscode.commands.executeCommand(commandIds.showLog);
}

/** The plan as a text document. */
export async function showText(plans: SyncPlans, services: Services): Promise<void> {
  const uri = services.documents.addPlan(syncPlanDocument(plans, services.words()), 'plumbline-plan');
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
}

/** *Show Sync History* of an application. */
export async function showHistory(argument: unknown, services: Services): Promise<void> {
  const [given] = toTargets(argument ?? services.view.selection[0], undefined);
  const row = given ?? (await pickApplication(services, vscode.l10n.t('Choose an application'), isSyncable));
  if (row === undefined) return;
  await vscode.commands.executeCommand(`${viewIds.history}.focus`);
  services.historyView.show('applicationId' in row ? row.applicationId : row.id);
}
