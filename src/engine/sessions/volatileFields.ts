import { raceWithSignal } from '../../base/async.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import type { DesiredObject } from './desiredObjects.ts';
import { volatileFields } from '../drift/volatile.ts';
import type { Application } from '../model/application.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import { jsonEqual } from '../model/json.ts';
import { gvkOf, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import { isComplete, type RenderedObject } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { RenderService } from '../render/renderService.ts';
import { specOf } from '../sources/sourceRenderer.ts';

/** What of one object every render makes anew. */
export interface Volatility {
  readonly fields: readonly FieldPath[];
  readonly isNameVolatile: boolean;
}

/** What a render of an application is made from. */
export interface VolatileSource {
  readonly application: Application;
  readonly rendered: readonly DesiredObject[];
  readonly connection: ClusterConnection;
  readonly tree: SourceTree;
}

/** Another day, hour, minute and second, and other random numbers, than those of the usual render, whose seed is 0. */
const OTHER_SEED = 7919;

/**
 * What of an application's objects is another at every render of its Helm chart, told by a second render with another clock and other
 * random numbers. That render is made at most once per render, and only when somebody asks: for an object that differs.
 */
export class VolatileFields {
  readonly #renders: Pick<RenderService, 'render'>;
  readonly #known = new WeakMap<readonly DesiredObject[], Promise<ReadonlyMap<RenderedObject, Volatility>>>();

  constructor(renders: Pick<RenderService, 'render'>) {
    this.#renders = renders;
  }

  /** Whether an application's source can give another render of the same. */
  isPossible({ application }: Pick<VolatileSource, 'application'>): boolean {
    return application.source.type === 'helm';
  }

  /** What of an object is volatile; undefined: nothing. Known at once where {@link isKnown}. */
  async of(source: VolatileSource, { rendered }: DesiredObject, signal: AbortSignal): Promise<Volatility | undefined> {
    if (!this.isPossible(source)) return undefined;
    let known = this.#known.get(source.rendered);
    if (known === undefined) {
      known = this.#compare(source);
      this.#known.set(source.rendered, known);
      known.catch(() => this.#known.delete(source.rendered));
    }
    return (await raceWithSignal(known, signal)).get(rendered);
  }

  /** Whether the second render of this one was asked for already. */
  isKnown(rendered: readonly DesiredObject[]): boolean {
    return this.#known.has(rendered);
  }

  async #compare({ application, rendered, connection, tree }: VolatileSource): Promise<ReadonlyMap<RenderedObject, Volatility>> {
    const found = new Map<RenderedObject, Volatility>();
    // Shared by all who ask: one caller's end must not take the answer from the others.
    const { signal } = new AbortController();
    const again = await this.#renders.render({ ...specOf(application, connection), seed: OTHER_SEED }, tree, { signal });
    // A render that fails tells nothing; what differs counts then.
    if (!isComplete(again)) return found;
    const others = new Map(again.objects.map(({ object }) => [identityOf(object), object]));
    for (const { rendered: first, object, resource } of rendered) {
      const other = others.get(identityOf(first.object));
      if (other === undefined) {
        found.set(first, { fields: [], isNameVolatile: true });
      } else if (!jsonEqual(first.object, other)) {
        const schema = resource === undefined ? undefined : await connection.schemas.schemaOf(gvkOf(object), signal);
        found.set(first, { fields: volatileFields(first.object, other, schema, resource), isNameVolatile: false });
      }
    }
    return found;
  }
}

function identityOf(object: KubeObject): string {
  return JSON.stringify([object.apiVersion, object.kind, namespaceOf(object), nameOf(object)]);
}
