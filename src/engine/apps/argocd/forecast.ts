import { arrayAt, jsonEqual, objectAt, stringAt, valueAt } from '../../model/json.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';
import type { RevertForecast } from '../../model/ownerView.ts';
import type { Reason } from '../../model/states.ts';
import { openGate, type SyncGate } from './syncWindows.ts';

/** What is known of the AppProject of an Application: its sync windows, or why they are not known. */
export interface ArgoProject {
  /** `AppProject argocd/default` */
  readonly name: string;
  readonly access: 'read' | 'forbidden' | 'absent';
  readonly gate: SyncGate;
}

/**
 * Whether Argo CD undoes a live change of this Application's objects by itself: only with auto-sync and self-heal, five seconds after it
 * sees one, not once a sync of the same revision has failed, and not while sync windows deny it. Source: argo-cd
 * controller/appcontroller.go, `autoSync` and `processAppRefreshQueueItem`.
 * @param name for the words
 * @param project undefined: nothing is asked of it
 * @param desired the object that was changed: it may carry sync options
 */
export function argoForecast(application: KubeObject, name: string, project?: ArgoProject, desired?: KubeObject): RevertForecast {
  const details = { name, project: project?.name ?? '' };
  if (annotationsOf(application)['argocd.argoproj.io/skip-reconcile'] === 'true')
    return { mode: 'never', reason: { code: 'note-argo-skips', details } };
  if (project?.access === 'absent') return { mode: 'never', reason: { code: 'note-argo-no-project', details } };
  const gate = project?.gate ?? openGate;
  const until = gate.untilMs === undefined ? {} : { untilMs: gate.untilMs };
  const code = heldBackBy(application);
  if (code !== undefined) {
    const denied = code === 'note-argo-no-self-heal' ? !gate.isOpen : !gate.isManualOpen;
    return { mode: 'on-sync', reason: { code, details }, ...(denied ? { also: closed(gate) } : {}), ...until };
  }
  const onRecreate = { code: isForced(desired) ? 'note-argo-recreates' : 'note-argo-cannot-change', details };
  if (project?.access === 'forbidden')
    return { mode: 'soon', reason: { code: 'note-argo-windows-unknown', details }, onRecreate, ...until };
  if (!gate.isOpen) return { ...waiting(gate, details), ...until };
  return { mode: 'soon', reason: { code: 'note-argo-self-heals', details }, onRecreate, ...until };
}

/** Whether a sync deletes and creates the object where it cannot change it (docs/user-guide/sync-options.md, `Force=true`). */
function isForced(desired: KubeObject | undefined): boolean {
  const options = desired === undefined ? '' : (annotationsOf(desired)['argocd.argoproj.io/sync-options'] ?? '');
  return options.split(',').some((option) => option.trim() === 'Force=true');
}

/** Why Argo CD does not undo a change, whatever the time; undefined: it heals itself. */
function heldBackBy(application: KubeObject): string | undefined {
  const automated = valueAt(application, 'spec', 'syncPolicy', 'automated');
  if (automated === undefined || automated === null || objectAt(automated)['enabled'] === false) return 'note-argo-manual';
  if (hasFailed(application)) return 'note-argo-failed';
  return objectAt(automated)['selfHeal'] === true ? undefined : 'note-argo-no-self-heal';
}

/** What a self-healing Application does while its windows are closed. */
function waiting(gate: SyncGate, details: Reason['details']): RevertForecast {
  const { window, opensAtMs } = gate;
  const known = { ...details, project: window?.project ?? '', window: window?.text ?? '' };
  if (window?.isBroken === true) return { mode: 'never', reason: { code: 'note-argo-window-broken', details: known } };
  const also = gate.isManualOpen ? { also: { code: 'note-argo-window-manual', details: known } } : {};
  if (opensAtMs === undefined) return { mode: 'never', reason: { code: 'note-argo-window-never', details: known }, ...also };
  const code = window?.kind === 'deny' ? 'note-argo-window-deny' : 'note-argo-window-allow';
  return { mode: 'scheduled', reason: { code, details: { ...known, at: timeText(opensAtMs) } }, atMs: opensAtMs, ...also };
}

/** That the windows stand in the way of the sync that would undo the change, too. */
function closed({ window, opensAtMs, isManualOpen }: SyncGate): Reason {
  const known = { project: window?.project ?? '', window: window?.text ?? '' };
  if (window?.isBroken === true) return { code: 'note-argo-closed-broken', details: known };
  if (opensAtMs === undefined) return { code: 'note-argo-closed', details: known };
  const code = isManualOpen ? 'note-argo-closed-but-manual' : 'note-argo-closed-until';
  return { code, details: { ...known, at: timeText(opensAtMs) } };
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Whether the last sync was of the revision that is wanted now, and failed: auto-sync tries none twice. */
function hasFailed(application: KubeObject): boolean {
  const state = valueAt(application, 'status', 'operationState');
  if (!['Failed', 'Error'].includes(stringAt(state, 'phase') ?? '')) return false;
  const result = valueAt(state, 'syncResult');
  if (result === undefined || result === null) return true;
  const sync = valueAt(application, 'status', 'sync');
  return stringAt(result, 'revision') === stringAt(sync, 'revision') && jsonEqual(arrayAt(result, 'revisions'), arrayAt(sync, 'revisions'));
}

/** Whether a sync leaves ignored fields as they are live, too (sync option `RespectIgnoreDifferences=true`); else it sets Git's value. */
export function respectsIgnoredDifferences(application: KubeObject): boolean {
  const options = arrayAt(application, 'spec', 'syncPolicy', 'syncOptions');
  return options.some((option) => typeof option === 'string' && option.replaceAll(' ', '') === 'RespectIgnoreDifferences=true');
}
