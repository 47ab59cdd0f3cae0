import { arrayAt, objectAt, valueAt } from '../../model/json.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';
import type { RevertForecast } from '../../model/ownerView.ts';

/**
 * Whether Argo CD undoes a live change of this Application's objects by itself: only with auto-sync and self-heal, five seconds after it
 * sees one. Source: argo-cd controller/appcontroller.go, `autoSync`.
 * @param name for the words
 */
export function argoForecast(application: KubeObject, name: string): RevertForecast {
  const details = { name };
  if (annotationsOf(application)['argocd.argoproj.io/skip-reconcile'] === 'true')
    return { mode: 'never', reason: { code: 'note-argo-skips', details } };
  const automated = valueAt(application, 'spec', 'syncPolicy', 'automated');
  if (automated === undefined || automated === null || objectAt(automated)['enabled'] === false)
    return { mode: 'on-sync', reason: { code: 'note-argo-manual', details } };
  return objectAt(automated)['selfHeal'] === true
    ? { mode: 'soon', reason: { code: 'note-argo-self-heals', details } }
    : { mode: 'on-sync', reason: { code: 'note-argo-no-self-heal', details } };
}

/** Whether a sync leaves ignored fields as they are live, too (sync option `RespectIgnoreDifferences=true`); else it sets Git's value. */
export function respectsIgnoredDifferences(application: KubeObject): boolean {
  const options = arrayAt(application, 'spec', 'syncPolicy', 'syncOptions');
  return options.some((option) => typeof option === 'string' && option.replaceAll(' ', '') === 'RespectIgnoreDifferences=true');
}
