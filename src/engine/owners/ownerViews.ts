import { type ArgoCustomizations, readCustomizations } from '../apps/argocd/customizations.ts';
import { comparesOnServer, wantsAdmission } from '../apps/argocd/compareOptions.ts';
import { argoForecast } from '../apps/argocd/forecast.ts';
import { fluxForecast } from '../apps/flux/forecast.ts';
import { FLUX_MANAGERS, fluxInventory, type FluxKind, fluxSkips, inventoryId } from '../apps/flux/rules.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { arrayAt, jsonEqual, type JsonValue, stringAt, valueAt } from '../model/json.ts';
import { annotationsOf, gvkOf, keyOf, type KubeObject, labelsOf, nameOf, namespaceOf } from '../model/objects.ts';
import type { OwnerLook, OwnerSource, OwnerView, RevertForecast } from '../model/ownerView.ts';
import type { SchemaDocument } from '../model/schema.ts';
import type { OwnerMark } from '../model/states.ts';
import { windowsOf } from './argoProjects.ts';
import { argoLiveOnly, argoView, argoViewOfMissing } from './argoView.ts';
import { fluxLiveOnly, fluxView } from './fluxView.ts';
import { type FoundApplication, type FoundController, IN_CLUSTER, type OwnerObjects } from './ownerObjects.ts';
import type { JqRunner, OwnedObject } from './ownerPlaces.ts';
import { OwnerQueries } from './ownerQueries.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const ARGO_MANAGER = 'argocd-controller';
/** labels by which Argo CD tracks that the marks know of */
const USUAL_LABELS = ['app.kubernetes.io/instance', 'argocd.argoproj.io/instance'];

/** How Argo CD and Flux look at the objects that are theirs: their own ignore rules, what they leave alone, when they revert. */
export class OwnerViews {
  readonly #objects: OwnerObjects;
  readonly #jq: JqRunner;
  readonly #customizations = new WeakMap<KubeObject, ArgoCustomizations>();
  readonly #inventories = new WeakMap<KubeObject, ReadonlySet<string>>();

  /** @param lifetime ends the queries that several callers wait for */
  constructor(jq: JqRunner, objects: OwnerObjects, lifetime: AbortSignal) {
    this.#jq = new OwnerQueries(jq, lifetime);
    this.#objects = objects;
  }

  /**
   * Whose an object is, and how that owner looks at it. Where the owner's own object may not be read, or is elsewhere, what every
   * Application or Kustomization does stands alone, and a problem says so.
   * @throws AppError `owner-read-failed` while the server does not say what the owner's object is
   */
  async lookAt(connection: ClusterConnection, pair: OwnedObject, signal: AbortSignal): Promise<OwnerLook> {
    const mark = ownerMarkOf(pair.live) ?? (await this.#argoByOwnLabel(connection, pair.live, signal));
    if (mark?.owner === 'argocd') return { mark, view: await this.#argo(connection, mark, pair, signal) };
    if (mark?.owner === 'flux') return this.#flux(connection, mark, pair, signal);
    const listed = await this.#listedByFlux(connection, pair.live, signal);
    if (listed === undefined) return mark === undefined ? {} : { mark };
    const { controller } = listed;
    const name = `${namespaceOf(controller)}/${nameOf(controller)}`;
    return { mark: { owner: 'flux', name }, view: this.#viewOfFlux(listed, controller.kind as FluxKind, pair, connection) };
  }

  /**
   * How Argo CD looks at an object that is not live; undefined where that makes no difference.
   * @param neighbour a live object of the same application: its marks tell whose the application is
   * @throws as {@link lookAt}
   */
  async lookAtMissing(
    connection: ClusterConnection,
    desired: KubeObject,
    neighbour: KubeObject,
    signal: AbortSignal,
  ): Promise<OwnerView | undefined> {
    const mark = ownerMarkOf(neighbour);
    if (mark?.owner !== 'argocd') return undefined;
    const found = await this.#objects.argoApplication(connection, mark, neighbour, signal);
    if (found === undefined) return undefined;
    const { application, home, config, settings } = found;
    const argo = { application, project: undefined, server: serverOf(application, connection), customizations: this.#read(config) };
    const view = argoViewOfMissing(argo, desired);
    return home === connection ? { ...view, sources: [sourceOf(application), ...settings] } : view;
  }

  /**
   * Reads one of a view's sources anew, after a change of it was seen.
   * @returns what the change may move: `all` that the owner says, only its `forecast`, or `nothing` (its status alone)
   * @throws as {@link lookAt}
   */
  async changeOf(connection: ClusterConnection, source: OwnerSource, signal: AbortSignal): Promise<'all' | 'forecast' | 'nothing'> {
    const { before, after } = await this.#objects.reread(connection, source, signal);
    if (source.key.kind === 'AppProject') return jsonEqual(windowsOf(before), windowsOf(after)) ? 'nothing' : 'forecast';
    if (!jsonEqual(decisive(before), decisive(after))) return 'all';
    if (before === undefined || after === undefined || source.key.kind === 'ConfigMap') return 'nothing';
    const forecastOf = source.key.kind === 'Application' ? argoForecast : fluxForecast;
    const [old, now] = [before, after].map((controller) => JSON.stringify(forecastOf(controller, '')));
    return old === now ? 'nothing' : 'forecast';
  }

  /** Whether a source is still what was read of it, as a watch has it now. */
  isCurrent(connection: ClusterConnection, source: OwnerSource): Promise<boolean> {
    return this.#objects.isCurrent(connection, source);
  }

  /** Names the sources that a watch covers (`keyString`): they are not read again until they change. */
  setWatched(connection: ClusterConnection, keys: ReadonlySet<string>): void {
    this.#objects.setWatched(connection, keys);
  }

  /**
   * What argocd-cm says, for the health of an object that Argo CD owns.
   * @throws as {@link lookAt}
   */
  async customizations(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<ArgoCustomizations | undefined> {
    const mark = ownerMarkOf(live);
    if (mark?.owner !== 'argocd') return undefined;
    const found = await this.#objects.argoApplication(connection, mark, live, signal);
    return found === undefined ? undefined : this.#read(found.config);
  }

  #read(config: KubeObject | undefined): ArgoCustomizations {
    if (config === undefined) return readCustomizations(undefined);
    const known = this.#customizations.get(config) ?? readCustomizations(config);
    this.#customizations.set(config, known);
    return known;
  }

  async #argo(connection: ClusterConnection, mark: OwnerMark, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView> {
    const found = await this.#objects.argoApplication(connection, mark, pair.live, signal);
    if (found === undefined) return unreadable('argocd', `Application ${mark.name}`, pair);
    const { application, home, config, settings, unreadable: unreadableConfig } = found;
    const label = stringAt(config, 'data', 'application.instanceLabelKey');
    const project = await this.#objects.projects.of(found, signal);
    const argo = {
      application,
      project,
      server: serverOf(application, connection),
      customizations: this.#read(config),
      unreadable: unreadableConfig,
      countsAdmission: await this.#countsAdmission(found, signal),
      trackingLabel: label === undefined || USUAL_LABELS.includes(label) ? undefined : label,
      coreSchema: async (): Promise<SchemaDocument | undefined> => (await connection.schemas.schemaOf(POD, signal))?.document,
    };
    const view = await argoView(this.#jq, argo, pair, signal);
    return home === connection ? { ...view, sources: [sourceOf(application), ...settings, ...(project?.sources ?? [])] } : view;
  }

  async #countsAdmission({ application, home }: FoundApplication, signal: AbortSignal): Promise<boolean> {
    if (!wantsAdmission(application)) return false;
    const { config } = await this.#objects.argoSettings(home, 'argocd-cmd-params-cm', [namespaceOf(application)], signal);
    return comparesOnServer(application, config);
  }

  /** Label tracking by a key of the installation's own: looked up only for what Argo CD's own manager wrote. */
  async #argoByOwnLabel(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<OwnerMark | undefined> {
    if (!isWrittenBy(live, ARGO_MANAGER)) return undefined;
    const { config } = await this.#objects.argoSettings(connection, 'argocd-cm', [], signal);
    const label = stringAt(config, 'data', 'application.instanceLabelKey');
    const name = label === undefined ? undefined : labelsOf(live)[label];
    return name === undefined ? undefined : { owner: 'argocd', name };
  }

  /** @returns nobody's, where the labels are a copy: the controller neither wrote the object nor lists it as its own */
  async #flux(connection: ClusterConnection, mark: OwnerMark, pair: OwnedObject, signal: AbortSignal): Promise<OwnerLook> {
    const kind = fluxKindOf(pair.live);
    const found = await this.#objects.fluxObject(connection, kind, mark, signal);
    if (found === undefined) return { mark, view: unreadable('flux', `${kind} ${mark.name}`, pair) };
    const isCopy = !isWrittenBy(pair.live, FLUX_MANAGERS[kind]) && this.#lists(found.controller, pair.live) === false;
    return isCopy ? {} : { mark, view: this.#viewOfFlux(found, kind, pair, connection) };
  }

  /** The controller of Flux that lists an object as its own, though nothing on the object says so any more. */
  async #listedByFlux(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<FoundController | undefined> {
    if (!Object.values(FLUX_MANAGERS).some((manager) => isWrittenBy(live, manager))) return undefined;
    const controllers = await this.#objects.fluxObjects(connection, signal);
    const controller = controllers.find((each) => this.#lists(each, live) === true);
    return controller === undefined ? undefined : { controller, home: connection };
  }

  /** Whether a controller of Flux lists an object as its own; undefined: it lists nothing. */
  #lists(controller: KubeObject, live: KubeObject): boolean | undefined {
    return this.#inventoryOf(controller)?.has(inventoryId(live));
  }

  #inventoryOf(controller: KubeObject): ReadonlySet<string> | undefined {
    const inventory = this.#inventories.get(controller) ?? fluxInventory(controller);
    if (inventory !== undefined) this.#inventories.set(controller, inventory);
    return inventory;
  }

  #viewOfFlux({ controller, home }: FoundController, kind: FluxKind, pair: OwnedObject, connection: ClusterConnection): OwnerView {
    const view = fluxView(controller, kind, pair, this.#inventoryOf(controller));
    return home === connection ? { ...view, sources: [sourceOf(controller)] } : view;
  }
}

/** The address of an object's cluster as its Application names it. */
function serverOf(application: KubeObject, { server }: ClusterConnection): string {
  const destination = valueAt(application, 'spec', 'destination');
  return stringAt(destination, 'server') ?? (stringAt(destination, 'name') === 'in-cluster' ? IN_CLUSTER : server);
}

function sourceOf(object: KubeObject): OwnerSource {
  return { gvk: gvkOf(object), key: keyOf(object) };
}

/** What an owner's object says; its status, and what the server counts, decide nothing but what a controller lists as its own. */
function decisive(object: KubeObject | undefined): JsonValue {
  if (object === undefined) return null;
  const inventory = fluxInventory(object);
  return [object['spec'] ?? null, object['data'] ?? null, { ...annotationsOf(object) }, inventory === undefined ? null : [...inventory]];
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

function fluxKindOf(live: KubeObject): FluxKind {
  return labelsOf(live)['kustomize.toolkit.fluxcd.io/name'] === undefined ? 'HelmRelease' : 'Kustomization';
}

function isWrittenBy(live: KubeObject, manager: string): boolean {
  return arrayAt(live.metadata, 'managedFields').some(
    (entry) => stringAt(entry, 'manager') === manager && (stringAt(entry, 'subresource') ?? '') === '',
  );
}
