import { arrayAt, jsonEqual, objectAt, stringAt, valueAt } from '../../model/json.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';
import type { RevertForecast } from '../../model/ownerView.ts';

/**
 * Whether Argo CD undoes a live change of this Application's objects by itself: only with auto-sync and self-heal, five seconds after it
 * sees one, and not once a sync of the same revision has failed. Source: argo-cd controller/appcontroller.go, `autoSync`.
 * @param name for the words
 */
export function argoForecast(application: KubeObject, name: string): RevertForecast {
  const details = { name };
  if (annotationsOf(application)['argocd.argoproj.io/skip-reconcile'] === 'true')
    return { mode: 'never', reason: { code: 'note-argo-skips', details } };
  const automated = valueAt(application, 'spec', 'syncPolicy', 'automated');
  if (automated === undefined || automated === null || objectAt(automated)['enabled'] === false)
    return { mode: 'on-sync', reason: { code: 'note-argo-manual', details } };
  if (hasFailed(application)) return { mode: 'on-sync', reason: { code: 'note-argo-failed', details } };
  return objectAt(automated)['selfHeal'] === true
    ? { mode: 'soon', reason: { code: 'note-argo-self-heals', details } }
    : { mode: 'on-sync', reason: { code: 'note-argo-no-self-heal', details } };
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
