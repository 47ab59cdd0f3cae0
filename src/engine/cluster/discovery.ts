import { isAppError } from '../../base/errors.ts';
import { Emitter } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { raceWithSignal } from '../../base/async.ts';
import { arrayAt, jsonEqual, type JsonValue, stringAt, valueAt } from '../model/json.ts';
import type { GroupVersionKind } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { Discovery } from './api.ts';
import type { CallSubject } from './apiErrors.ts';
import type { Transport } from './transport.ts';

const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');
const MIN_INTERVAL_MS = 5_000;

/** Groups that kube-apiserver itself serves (k8s.io/api), for readers that may not list APIServices. */
const BUILTIN_GROUPS = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'policy',
  'extensions',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

const SUBJECT: CallSubject = { verb: 'get', group: '', resource: 'discovery', namespace: '' };

/** Discovery over the two aggregated requests of KEP-3352, with the per-group form of older servers as the way out. */
export class ServerDiscovery implements Discovery, Disposable {
  readonly #transport: Transport;
  readonly #changed = new Emitter<void>();
  readonly #abort = new AbortController();
  readonly #now: () => number;
  #resources: readonly ResourceInfo[] = [];
  #byKind = new Map<string, ResourceInfo>();
  #groupVersions: readonly string[] = [];
  #readAtMs: number | undefined;
  #pending: Promise<void> | undefined;

  constructor(transport: Transport, now: () => number = Date.now) {
    this.#transport = transport;
    this.#now = now;
  }

  get onDidChange(): Discovery['onDidChange'] {
    return this.#changed.event;
  }

  known(): readonly ResourceInfo[] {
    return this.#resources;
  }

  apiVersions(): readonly string[] {
    return [...this.#groupVersions, ...this.#resources.map((info) => `${groupVersionOf(info)}/${info.kind}`)];
  }

  async resource(gvk: GroupVersionKind, signal = this.#abort.signal): Promise<ResourceInfo | undefined> {
    return this.#find(`${gvk.group}/${gvk.version}/${gvk.kind}`, signal);
  }

  async resourceOfKind(group: string, kind: string, signal = this.#abort.signal): Promise<ResourceInfo | undefined> {
    return this.#find(`${group}/${kind}`, signal);
  }

  async refresh(signal = this.#abort.signal): Promise<void> {
    // A read under way may have begun before the change that the caller knows of.
    await this.#pending?.catch(() => undefined);
    await raceWithSignal(this.#read(), signal);
  }

  /** Reads everything anew in the background: another server version answers. */
  invalidate(): void {
    this.#read().catch(() => undefined);
  }

  dispose(): void {
    this.#abort.abort();
    this.#changed.dispose();
  }

  async #find(key: string, signal: AbortSignal): Promise<ResourceInfo | undefined> {
    const found = this.#byKind.get(key);
    if (found !== undefined) return found;
    if (this.#readAtMs === undefined || this.#now() - this.#readAtMs >= MIN_INTERVAL_MS) await raceWithSignal(this.#read(), signal);
    return this.#byKind.get(key);
  }

  #read(): Promise<void> {
    this.#pending ??= this.#load(this.#abort.signal).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(signal: AbortSignal): Promise<void> {
    const [core, groups, aggregated] = await Promise.all([
      this.#get('/api', AGGREGATED, signal),
      this.#get('/apis', AGGREGATED, signal),
      this.#aggregatedGroupVersions(signal),
    ]);
    const resources: ResourceInfo[] = [];
    const groupVersions: string[] = [];
    for (const answer of [core, groups]) {
      const kind = stringAt(answer, 'kind');
      const lists =
        kind === 'APIGroupDiscoveryList' ? parseAggregated(answer) : await this.#readOneByOne(answer, kind === 'APIVersions', signal);
      for (const list of lists) {
        groupVersions.push(groupVersionOf(list));
        const servedBy = servedByOf(list, aggregated);
        for (const info of list.resources) resources.push({ ...info, servedBy });
      }
    }
    const before = new Map(this.#resources.map((info) => [versionedId(info), info]));
    const byKind = new Map<string, ResourceInfo>();
    const all: ResourceInfo[] = [];
    for (const found of resources) {
      const exact = `${found.group}/${found.version}/${found.kind}`;
      const loose = `${found.group}/${found.kind}`;
      // The first version of a group is the preferred one.
      const current = { ...found, isPreferred: !byKind.has(loose) };
      const known = before.get(versionedId(found));
      // What is the same stays the same object, so that whoever rests on it sees that nothing changed.
      const info = known !== undefined && jsonEqual(current, known as unknown as JsonValue) ? known : current;
      all.push(info);
      if (!byKind.has(exact)) byKind.set(exact, info);
      if (info.isPreferred) byKind.set(loose, info);
    }
    this.#groupVersions = groupVersions;
    const isFirst = this.#readAtMs === undefined;
    this.#readAtMs = this.#now();
    if (all.length === this.#resources.length && all.every((info, index) => info === this.#resources[index])) return;
    this.#resources = all;
    this.#byKind = byKind;
    if (!isFirst) this.#changed.fire();
  }

  async #get(path: string, accept: string, signal: AbortSignal): Promise<JsonValue> {
    try {
      return (await this.#transport.send({ method: 'GET', path, accept, subject: SUBJECT, signal })).json;
    } catch (error) {
      if (!isAppError(error, 'bad-request') || error.details['status'] !== 406) throw error;
      return (await this.#transport.send({ method: 'GET', path, subject: SUBJECT, signal })).json;
    }
  }

  /** Group-versions that another server serves behind an APIService; undefined when they may not be listed. */
  async #aggregatedGroupVersions(signal: AbortSignal): Promise<ReadonlySet<string> | undefined> {
    const subject = { verb: 'list', group: 'apiregistration.k8s.io', resource: 'apiservices', namespace: '' };
    try {
      const { json } = await this.#transport.send({ method: 'GET', path: '/apis/apiregistration.k8s.io/v1/apiservices', subject, signal });
      const remote = arrayAt(json, 'items').filter((item) => valueAt(item, 'spec', 'service') !== undefined);
      return new Set(
        remote.map((item) =>
          groupVersionOf({ group: stringAt(item, 'spec', 'group') ?? '', version: stringAt(item, 'spec', 'version') ?? '' }),
        ),
      );
    } catch (error) {
      if (isAppError(error, 'forbidden', 'unknown-kind', 'not-found')) return undefined;
      throw error;
    }
  }

  /** The form before KEP-3352: `APIVersions` and `APIGroupList`, then an `APIResourceList` per group-version. */
  async #readOneByOne(answer: JsonValue, isCore: boolean, signal: AbortSignal): Promise<GroupVersionResources[]> {
    const wanted = isCore
      ? arrayAt(answer, 'versions').map((version) => ({ group: '', version: typeof version === 'string' ? version : '' }))
      : arrayAt(answer, 'groups').flatMap((group) => {
          const preferred = stringAt(group, 'preferredVersion', 'version');
          return arrayAt(group, 'versions')
            .map((one) => ({ group: stringAt(group, 'name') ?? '', version: stringAt(one, 'version') ?? '' }))
            .sort((a, b) => Number(b.version === preferred) - Number(a.version === preferred));
        });
    return Promise.all(
      wanted.map(async (gv) => {
        try {
          const path = gv.group === '' ? `/api/${gv.version}` : `/apis/${gv.group}/${gv.version}`;
          return parseResourceList(gv, await this.#get(path, 'application/json', signal));
        } catch (error) {
          // A server behind an APIService that is down must not hide all other kinds.
          if (isAppError(error, 'server-error', 'server-timeout', 'unknown-kind', 'not-found', 'forbidden'))
            return { ...gv, resources: [] };
          throw error;
        }
      }),
    );
  }
}

interface GroupVersionResources {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ResourceInfo[];
}

/** `apps/v1`, `v1`. */
export function groupVersionOf(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/** Resources of one kind in one version differ by their names: `pods`, and what a server offers of them beside. */
function versionedId({ group, version, plural }: ResourceInfo): string {
  return `${group}/${version}/${plural}`;
}

function servedByOf(gv: GroupVersionResources, aggregated: ReadonlySet<string> | undefined): ResourceInfo['servedBy'] {
  if (aggregated?.has(groupVersionOf(gv)) === true) return 'aggregated';
  if (BUILTIN_GROUPS.has(gv.group)) return 'builtin';
  return aggregated === undefined ? 'unknown' : 'crd';
}

/** Reads an `APIGroupDiscoveryList` (apidiscovery.k8s.io/v2). */
function parseAggregated(list: JsonValue): GroupVersionResources[] {
  return arrayAt(list, 'items').flatMap((item) => {
    const group = stringAt(item, 'metadata', 'name') ?? '';
    return arrayAt(item, 'versions').map((entry) => {
      const version = stringAt(entry, 'version') ?? '';
      const resources = arrayAt(entry, 'resources').flatMap((resource) => {
        const kind = stringAt(resource, 'responseKind', 'kind');
        if (kind === undefined) return [];
        const subresources = new Set(arrayAt(resource, 'subresources').map((sub) => stringAt(sub, 'subresource')));
        return [
          makeInfo(
            { group, version, kind },
            stringAt(resource, 'resource') ?? '',
            resource,
            stringAt(resource, 'scope') === 'Namespaced',
            subresources,
          ),
        ];
      });
      return { group, version, resources };
    });
  });
}

/** Reads an `APIResourceList`. */
function parseResourceList(gv: { readonly group: string; readonly version: string }, list: JsonValue): GroupVersionResources {
  const all = arrayAt(list, 'resources');
  const subresources = new Map<string, Set<string>>();
  for (const resource of all) {
    const [plural = '', sub] = (stringAt(resource, 'name') ?? '').split('/');
    const subs = subresources.get(plural) ?? new Set();
    if (sub !== undefined) subs.add(sub);
    subresources.set(plural, subs);
  }
  const resources = all.flatMap((resource) => {
    const plural = stringAt(resource, 'name') ?? '';
    const kind = stringAt(resource, 'kind');
    if (plural.includes('/') || kind === undefined) return [];
    return [makeInfo({ ...gv, kind }, plural, resource, valueAt(resource, 'namespaced') === true, subresources.get(plural) ?? new Set())];
  });
  return { ...gv, resources };
}

function makeInfo(
  gvk: GroupVersionKind,
  plural: string,
  resource: JsonValue,
  isNamespaced: boolean,
  subresources: ReadonlySet<string | undefined>,
): ResourceInfo {
  return {
    ...gvk,
    plural,
    isNamespaced,
    verbs: arrayAt(resource, 'verbs').filter((verb) => typeof verb === 'string'),
    hasStatus: subresources.has('status'),
    hasScale: subresources.has('scale'),
    servedBy: 'unknown',
    isPreferred: true,
  };
}
