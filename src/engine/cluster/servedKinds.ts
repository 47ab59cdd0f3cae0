import type { GroupVersionKind } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { Discovery } from './api.ts';
import { kindId } from './watchPlan.ts';

/** The kinds that discovery knows by now, looked up without asking the server. */
export class ServedKinds {
  readonly #discovery: Pick<Discovery, 'known'>;
  #of: readonly ResourceInfo[] = [];
  #byKind: ReadonlyMap<string, ResourceInfo> = new Map();
  #ids: ReadonlySet<string> = new Set();

  constructor(discovery: Pick<Discovery, 'known'>) {
    this.#discovery = discovery;
  }

  /** The resource of a kind; undefined: not known yet, or not served. */
  get({ group, version, kind }: GroupVersionKind): ResourceInfo | undefined {
    this.#update();
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  /** Whether a resource is still served. */
  has(info: ResourceInfo): boolean {
    this.#update();
    return this.#ids.has(kindId(info));
  }

  #update(): void {
    const known = this.#discovery.known();
    if (this.#of === known) return;
    this.#of = known;
    // The first resource of a kind is the kind's own; later ones are further forms of it.
    this.#byKind = new Map([...known].reverse().map((info) => [`${info.group}/${info.version}/${info.kind}`, info]));
    this.#ids = new Set(known.map(kindId));
  }
}
