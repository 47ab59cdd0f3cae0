import {
  type ArgoCustomizations,
  type ArgoIgnoreRule,
  ignoreDifferencesOf,
  isRuleFor,
  readCustomizations,
} from '../apps/argocd/customizations.ts';
import { argoForecast, respectsIgnoredDifferences } from '../apps/argocd/forecast.ts';
import { fluxForecast } from '../apps/flux/forecast.ts';
import { type FluxKind, fluxIgnoreRules, fluxMerges, fluxSkips, fluxTakesOver } from '../apps/flux/rules.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { formatPath } from '../model/fieldPath.ts';
import { jsonEqual, type JsonValue } from '../model/json.ts';
import { annotationsOf, gvkOf, keyOf, labelsOf, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import type { OwnerPlace, OwnerSource, OwnerView, RevertForecast } from '../model/ownerView.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Reason } from '../model/states.ts';
import { OwnerObjects } from './ownerObjects.ts';
import { OwnerQueries } from './ownerQueries.ts';
import { jqPlaces, type JqRunner, liveOnlyPlaces, managerPlaces, type OwnedPair, pointerPlaces, type RuleOrigin } from './ownerPlaces.ts';

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
  readonly #customizations = new WeakMap<KubeObject, ArgoCustomizations>();

  constructor(jq: JqRunner, objects: OwnerObjects = new OwnerObjects()) {
    this.#jq = new OwnerQueries(jq);
    this.#objects = objects;
  }

  /**
   * The view of the owner that the live object names; undefined for other owners. Where the owner's own object cannot be read, what every
   * Application or Kustomization does stands alone, and a problem says so.
   */
  async viewOf(connection: ClusterConnection, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView | undefined> {
    const mark = ownerMarkOf(pair.live);
    if (mark?.owner === 'argocd') {
      const found = await this.#objects.argoApplication(connection, mark, signal);
      if (found === undefined) return unreadable('argocd', `Application ${mark.name}`, pair);
      const config = await this.#objects.argoConfig(found, signal);
      const view = await this.#argoView(found.application, this.#read(config), pair, signal);
      return found.home === connection ? { ...view, sources: sourcesOf(found.application, config) } : view;
    }
    if (mark?.owner !== 'flux') return undefined;
    const kind = fluxKindOf(pair.live);
    const found = await this.#objects.fluxObject(connection, kind, mark, signal);
    if (found === undefined) return unreadable('flux', `${kind} ${mark.name}`, pair);
    const view = fluxView(found.controller, kind, pair);
    return found.home === connection ? { ...view, sources: sourcesOf(found.controller) } : view;
  }

  /**
   * Reads one of a view's sources anew, after a change of it was seen.
   * @returns what the change may move: `all` that the owner says, only its `forecast`, or `nothing` (its status alone)
   */
  async changeOf(connection: ClusterConnection, source: OwnerSource, signal: AbortSignal): Promise<'all' | 'forecast' | 'nothing'> {
    const { before, after } = await this.#objects.reread(connection, source, signal);
    if (!jsonEqual(decisive(before), decisive(after))) return 'all';
    if (before === undefined || after === undefined || source.key.group === 'argoproj.io') return 'nothing';
    const [old, now] = [before, after].map((controller) => JSON.stringify(fluxForecast(controller, '').reason));
    return old === now ? 'nothing' : 'forecast';
  }

  /** Names the sources that a watch covers (`keyString`): they are not read again until they change. */
  setWatched(connection: ClusterConnection, keys: ReadonlySet<string>): void {
    this.#objects.setWatched(connection, keys);
  }

  /** What argocd-cm says, for the health of an object that Argo CD owns. */
  async customizations(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<ArgoCustomizations | undefined> {
    const mark = ownerMarkOf(live);
    if (mark?.owner !== 'argocd') return undefined;
    const found = await this.#objects.argoApplication(connection, mark, signal);
    return found === undefined ? undefined : this.#read(await this.#objects.argoConfig(found, signal));
  }

  #read(config: KubeObject | undefined): ArgoCustomizations {
    if (config === undefined) return readCustomizations(undefined);
    const known = this.#customizations.get(config) ?? readCustomizations(config);
    this.#customizations.set(config, known);
    return known;
  }

  async #argoView(application: KubeObject, customizations: ArgoCustomizations, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView> {
    const name = `${namespaceOf(application)}/${nameOf(application)}`;
    const matching = [...ignoreDifferencesOf(application, name), ...customizations.ignore].filter((rule) => isRuleFor(rule, pair.live));
    const reason: Reason = { code: respectsIgnoredDifferences(application) ? 'ignored-argo-kept' : 'ignored-argo-set', details: { name } };
    const problems: Reason[] = [];
    const places: OwnerPlace[] = [];
    for (const rule of matching) {
      const origin: RuleOrigin = { declaredBy: rule.declaredBy, reason };
      for (const pointer of rule.jsonPointers) places.push(...pointerPlaces(pair, pointer, origin));
      places.push(...managerPlaces(pair, rule.managedFieldsManagers, origin));
      for (const expression of rule.jqPathExpressions) {
        const found = await jqPlaces(this.#jq, pair, expression, origin, signal);
        places.push(...found.places);
        problems.push(...found.problems);
      }
    }
    places.push(...statusPlaces(customizations, pair), ...argoLiveOnly(pair));
    const rules = matching.map((rule) => ({ paths: textsOf(rule), declaredBy: rule.declaredBy }));
    return {
      owner: 'argocd',
      name: `Application ${name}`,
      rules,
      places: distinct(places),
      revert: argoForecast(application, name),
      problems,
    };
  }
}

function sourcesOf(...objects: readonly (KubeObject | undefined)[]): readonly OwnerSource[] {
  return objects.flatMap((object) => (object === undefined ? [] : [{ gvk: gvkOf(object), key: keyOf(object) }]));
}

/** What an owner's object says; its status, and what the server counts, decide nothing. */
function decisive(object: KubeObject | undefined): JsonValue {
  if (object === undefined) return null;
  return [object['spec'] ?? null, object['data'] ?? null, { ...annotationsOf(object) }];
}

function fluxView(controller: KubeObject, kind: FluxKind, pair: OwnedObject): OwnerView {
  const name = `${kind} ${namespaceOf(controller)}/${nameOf(controller)}`;
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
    revert: fluxForecast(controller, name),
    problems: [],
  };
}

/** The owner's own object is on another cluster, gone, or may not be read: only what it does with every object is known. */
function unreadable(owner: 'argocd' | 'flux', name: string, pair: OwnedObject): OwnerView {
  const kind = fluxKindOf(pair.live);
  const skip = owner === 'flux' ? fluxSkips(kind, pair.desired, pair.live) : undefined;
  const details = { owner: owner === 'flux' ? 'Flux' : 'Argo CD', name };
  const revert: RevertForecast = { mode: 'unknown', reason: { code: 'note-owner-unreadable', details } };
  return {
    owner,
    name,
    rules: [],
    places: owner === 'flux' ? fluxLiveOnly(pair, kind) : argoLiveOnly(pair),
    ...(skip === undefined ? {} : { skip }),
    revert,
    problems: [{ code: 'owner-unreadable', details }],
  };
}

/** A place that several rules, or both sides, name stands once, for the first of them; one below another says nothing more. */
function distinct(places: readonly OwnerPlace[]): readonly OwnerPlace[] {
  const first = new Map<string, OwnerPlace>();
  for (const place of places) {
    const id = formatPath(place.path);
    if (!first.has(id)) first.set(id, place);
  }
  return [...first.values()].filter(({ path }) => !path.some((_step, depth) => depth > 0 && first.has(formatPath(path.slice(0, depth)))));
}

function fluxKindOf(live: KubeObject): FluxKind {
  return labelsOf(live)['kustomize.toolkit.fluxcd.io/name'] === undefined ? 'HelmRelease' : 'Kustomization';
}

function argoLiveOnly(pair: OwnedObject): readonly OwnerPlace[] {
  return liveOnlyPlaces(asPair(pair, 'argocd'), 'Argo CD', 'ignored-live-only-argo', () => true);
}

/** Helm's own drift detection, and `ssa: Merge`, leave what kubectl added; else a Kustomization takes it over and removes it. */
function fluxLiveOnly(pair: OwnedObject, kind: FluxKind): readonly OwnerPlace[] {
  const isKept = (manager: string): boolean => kind === 'HelmRelease' || fluxMerges(pair.desired) || !fluxTakesOver(manager);
  return liveOnlyPlaces(asPair(pair, 'flux'), 'Flux', 'ignored-live-only-flux', isKept);
}

/** `status` that Git sets and an apply could set: Argo CD leaves it out as argocd-cm says, by default of every kind. */
function statusPlaces({ ignoredStatus }: ArgoCustomizations, { desired, resource }: OwnedObject): readonly OwnerPlace[] {
  if (desired['status'] === undefined || resource?.hasStatus !== false || ignoredStatus === 'none') return [];
  if (ignoredStatus === 'crd' && desired.kind !== 'CustomResourceDefinition') return [];
  return [{ path: [{ field: 'status' }], by: `Argo CD (ignoreResourceStatusField: ${ignoredStatus})` }];
}

function textsOf(rule: ArgoIgnoreRule): readonly string[] {
  return [
    ...rule.jsonPointers,
    ...rule.jqPathExpressions.map((expression) => `jq ${expression}`),
    ...rule.managedFieldsManagers.map((manager) => `manager ${manager}`),
  ];
}

function asPair(pair: OwnedObject, owner: 'argocd' | 'flux'): OwnedPair {
  return { ...pair, owner };
}
