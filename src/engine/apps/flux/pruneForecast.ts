import { valueAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { PruneForecast } from '../../model/ownerView.ts';
import { fluxForecast } from './forecast.ts';

/** What undoing a change is called where it is a deletion. */
const DELETIONS: Readonly<Record<string, string>> = {
  'note-flux-reverts': 'prune-flux-next',
  'note-flux-reverts-at': 'prune-flux-at',
};

/**
 * Whether and when Flux deletes live objects that Git does not have: a Kustomization with `prune` at its next turn, and only what its
 * inventory lists; a HelmRelease only what an upgrade leaves out. Source: kustomize-controller internal/controller/kustomization_controller.go,
 * `prune`; Helm pkg/action/upgrade.go.
 * @param name for the words: `Kustomization flux-system/apps`
 * @param inventory what the controller lists as its own; undefined: it lists nothing
 */
export function fluxPruneForecast(controller: KubeObject, name: string, inventory: ReadonlySet<string> | undefined): PruneForecast {
  const details = { name };
  const { reason } = fluxForecast(controller, name);
  if (reason.code === 'note-flux-suspended') return { reason };
  if (controller.kind === 'HelmRelease') return { reason: { code: 'prune-flux-helm', details } };
  if (valueAt(controller, 'spec', 'prune') !== true) return { reason: { code: 'prune-flux-off', details } };
  const listed = inventory ?? new Set<string>();
  const code = DELETIONS[reason.code] ?? reason.code;
  return { reason: { ...reason, code }, unlisted: { inventory: listed, reason: { code: 'prune-flux-unlisted', details } } };
}
