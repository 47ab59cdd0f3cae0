import { arrayAt, objectAt } from '../../model/json.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';
import type { PruneForecast } from '../../model/ownerView.ts';
import { argoForecast, type ArgoProject } from './forecast.ts';

/** What is said of a deletion, by what is said of the undoing of a change. */
const DELETIONS: Readonly<Record<string, string>> = {
  'note-argo-self-heals': 'prune-argo-soon',
  'note-argo-windows-unknown': 'prune-argo-windows-unknown',
  'note-argo-window-deny': 'prune-argo-window-deny',
  'note-argo-window-allow': 'prune-argo-window-allow',
};

/**
 * Whether and when Argo CD deletes live objects of an Application that Git does not have: with auto-sync and `prune`, when it would undo any
 * other change; else only a sync with prune that somebody asks for does. Source: argo-cd controller/appcontroller.go, `autoSync`;
 * docs/user-guide/sync-options.md, `Prune=false`, `Prune=confirm`.
 * @param name for the words
 * @param project undefined: nothing is asked of it
 */
export function argoPruneForecast(application: KubeObject, name: string, project?: ArgoProject): PruneForecast {
  const { reason, also } = argoForecast(application, name, project);
  const held = { reason, ...(also === undefined ? {} : { also }) };
  const option = pruneOption(arrayAt(application, 'spec', 'syncPolicy', 'syncOptions'));
  if (reason.code === 'note-argo-skips' || reason.code === 'note-argo-no-project') return held;
  if (option === 'false') return { reason: { code: 'prune-argo-option', details: { name } } };
  if (reason.code === 'note-argo-manual') return { ...held, reason: { code: 'prune-argo-manual', details: { name } } };
  if (objectAt(application, 'spec', 'syncPolicy', 'automated')['prune'] !== true)
    return { reason: { code: 'prune-argo-off', details: { name } } };
  const onConfirm = { code: 'prune-argo-confirm', details: { name } };
  return option === 'confirm'
    ? { reason: onConfirm }
    : { ...held, reason: { ...reason, code: DELETIONS[reason.code] ?? reason.code }, onConfirm };
}

/** Whether an object asks that its deletion is confirmed. */
export function wantsConfirmation(live: KubeObject): boolean {
  return pruneOption((annotationsOf(live)['argocd.argoproj.io/sync-options'] ?? '').split(',')) === 'confirm';
}

function pruneOption(options: readonly unknown[]): string | undefined {
  const texts = options.flatMap((option) => (typeof option === 'string' ? [option.replaceAll(' ', '')] : []));
  return texts.findLast((option) => option.startsWith('Prune='))?.slice('Prune='.length);
}
