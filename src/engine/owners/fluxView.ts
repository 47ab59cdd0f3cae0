import { fluxForecast } from '../apps/flux/forecast.ts';
import { fluxPruneForecast } from '../apps/flux/pruneForecast.ts';
import { type FluxKind, fluxIgnoreRules, fluxMerges, fluxSkips, fluxTakesOver } from '../apps/flux/rules.ts';
import { type KubeObject } from '../model/objects.ts';
import type { OwnerPlace, OwnerView } from '../model/ownerView.ts';
import { ownerName } from './ownerObjects.ts';
import { distinct, liveOnlyPlaces, type OwnedObject, pointerPlaces } from './ownerPlaces.ts';

/**
 * How a Kustomization or HelmRelease looks at an object of its: its ignore rules, marks that keep it away, when it reverts.
 * @param inventory what it lists as its own; undefined: nothing
 */
export function fluxView(controller: KubeObject, kind: FluxKind, pair: OwnedObject, inventory: ReadonlySet<string> | undefined): OwnerView {
  const name = ownerName(controller);
  const rules = fluxIgnoreRules(controller, name, pair.live);
  const skip = fluxSkips(kind, pair.desired, pair.live) ?? rules.find((rule) => rule.paths.includes(''))?.declaredBy;
  const reason = { code: 'ignored-flux-rule', details: { name } };
  return {
    owner: 'flux',
    name,
    rules,
    places: distinct([
      ...rules.flatMap(({ paths, declaredBy }) => paths.flatMap((path) => pointerPlaces(pair, path, { declaredBy, reason }))),
      ...fluxLiveOnly(pair, kind),
    ]),
    ...(skip === undefined ? {} : { skip }),
    revert: fluxForecast(controller, name, pair.desired),
    prune: fluxPruneForecast(controller, name, inventory),
    problems: [],
  };
}

/** Helm's own drift detection, and `ssa: Merge`, leave what kubectl added; else a Kustomization takes it over and removes it. */
export function fluxLiveOnly(pair: OwnedObject, kind: FluxKind): readonly OwnerPlace[] {
  const isKept = (manager: string): boolean => kind === 'HelmRelease' || fluxMerges(pair.desired) || !fluxTakesOver(manager);
  return liveOnlyPlaces({ ...pair, owner: 'flux' }, 'Flux', 'ignored-live-only-flux', isKept);
}
