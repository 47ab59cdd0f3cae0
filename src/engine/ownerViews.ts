import { ignoreDifferencesOf, type ArgoCustomizations, type ArgoIgnoreRule, readCustomizations } from './apps/argocd/customizations.ts';
import { argoForecast } from './apps/argocd/forecast.ts';
import { fluxForecast } from './apps/flux/forecast.ts';
import { type FluxKind, fluxIgnoreRules, fluxMerges, fluxSkips, fluxTakesOver } from './apps/flux/rules.ts';
import type { ClusterConnection } from './cluster/api.ts';
import { ruleMatches } from './compare/ignore.ts';
import { ownerMarkOf } from './compare/ownerMarks.ts';
import type { IgnoreRule } from './model/application.ts';
import { labelsOf, type KubeObject, nameOf, namespaceOf } from './model/objects.ts';
import type { OwnerPlace, OwnerView } from './model/ownerView.ts';
import type { ResourceInfo } from './model/resourceInfo.ts';
import type { TypeSchema } from './model/schema.ts';
import type { Reason } from './model/states.ts';
import { OwnerObjects } from './ownerObjects.ts';
import { jqPlaces, type JqRunner, liveOnlyPlaces, managerPlaces, type OwnedPair } from './ownerPlaces.ts';

/** The sides that an owner compares. */
export interface OwnedObject {
  readonly desired: KubeObject;
  readonly live: KubeObject;
  readonly schema: TypeSchema | undefined;
  readonly resource: ResourceInfo | undefined;
}

/** How Argo CD and Flux look at the objects that carry their marks: their own ignore rules, what they leave alone, when they revert. */
export class OwnerViews {
  readonly #objects: OwnerObjects;
  readonly #jq: JqRunner;

  constructor(jq: JqRunner, objects: OwnerObjects = new OwnerObjects()) {
    this.#jq = jq;
    this.#objects = objects;
  }

  /** The view of the owner that the live object names; undefined for other owners, and where the owner's own object cannot be read. */
  async viewOf(connection: ClusterConnection, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView | undefined> {
    const mark = ownerMarkOf(pair.live);
    if (mark?.owner === 'argocd') {
      const application = await this.#objects.argoApplication(connection, mark, signal);
      if (application === undefined) return undefined;
      const config = await this.#objects.argoConfig(connection, namespaceOf(application), signal);
      return this.#argoView(application, readCustomizations(config), pair, signal);
    }
    if (mark?.owner !== 'flux') return undefined;
    const kind = labelsOf(pair.live)['kustomize.toolkit.fluxcd.io/name'] === undefined ? 'HelmRelease' : 'Kustomization';
    const controller = await this.#objects.fluxObject(connection, kind, mark, signal);
    return controller === undefined ? undefined : fluxView(controller, kind, pair);
  }

  /** What argocd-cm says, for the health of an object that Argo CD owns. */
  async customizations(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<ArgoCustomizations | undefined> {
    const mark = ownerMarkOf(live);
    if (mark?.owner !== 'argocd') return undefined;
    const application = await this.#objects.argoApplication(connection, mark, signal);
    if (application === undefined) return undefined;
    return readCustomizations(await this.#objects.argoConfig(connection, namespaceOf(application), signal));
  }

  async #argoView(application: KubeObject, customizations: ArgoCustomizations, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView> {
    const name = `${namespaceOf(application)}/${nameOf(application)}`;
    const all = [...ignoreDifferencesOf(application, name), ...customizations.ignore];
    const matching = all.filter((rule) => ruleMatches(selectorOf(rule), pair.live));
    const problems: Reason[] = [];
    const places: OwnerPlace[] = [];
    for (const rule of matching) {
      places.push(...managerPlaces(pair, rule.managedFieldsManagers, rule.declaredBy));
      for (const expression of rule.jqPathExpressions) {
        const found = await jqPlaces(this.#jq, pair, expression, rule.declaredBy, signal);
        places.push(...found.places);
        problems.push(...found.problems);
      }
    }
    places.push(...liveOnlyPlaces(asPair(pair, 'argocd'), 'Argo CD', 'ignored-live-only-argo', () => true));
    return {
      owner: 'argocd',
      name: `Application ${name}`,
      rules: matching.map((rule) => ({ paths: rule.jsonPointers, declaredBy: rule.declaredBy })),
      places,
      revert: argoForecast(application, name),
      problems,
    };
  }
}

function fluxView(controller: KubeObject, kind: FluxKind, pair: OwnedObject): OwnerView {
  const name = `${kind} ${namespaceOf(controller)}/${nameOf(controller)}`;
  const rules = fluxIgnoreRules(controller, name, pair.live);
  const skip = fluxSkips(kind, pair.desired, pair.live) ?? rules.find((rule) => rule.paths.includes(''))?.declaredBy;
  const isKept = (manager: string): boolean => kind === 'HelmRelease' || fluxMerges(pair.desired) || !fluxTakesOver(manager);
  return {
    owner: 'flux',
    name,
    rules,
    places: liveOnlyPlaces(asPair(pair, 'flux'), 'Flux', 'ignored-live-only-flux', isKept),
    ...(skip === undefined ? {} : { skip }),
    revert: fluxForecast(controller, name),
    problems: [],
  };
}

function asPair(pair: OwnedObject, owner: 'argocd' | 'flux'): OwnedPair {
  return { ...pair, owner };
}

function selectorOf({ group, kind, name, namespace }: ArgoIgnoreRule): IgnoreRule {
  const place = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
  return { group, kind, ...place, paths: [], declaredBy: '' };
}
