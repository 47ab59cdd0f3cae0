import { setTimeout as delay } from 'node:timers/promises';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../../src/engine/model/json.ts';
import type { KubeObject } from '../../src/engine/model/objects.ts';
import type { ControlPlane } from './controlPlane.ts';

/** What a {@link customDefinition} is of. */
export interface CustomKind {
  readonly group: string;
  /** `Widget`; its resource is `widgets` */
  readonly kind: string;
  /** schemas below the root, `spec` and `status` mostly; absent: everything is allowed */
  readonly properties?: JsonObject;
  /** false: status is data like spec */
  readonly hasStatus?: boolean;
}

/** A CustomResourceDefinition of a namespaced kind in one version, `v1`. */
export function customDefinition({ group, kind, properties, hasStatus = true }: CustomKind): KubeObject {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const content = properties === undefined ? { 'x-kubernetes-preserve-unknown-fields': true } : { properties };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', ...content } },
          ...(hasStatus ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}

/**
 * Waits until the kinds of CustomResourceDefinitions are served, and told by discovery, which kubectl needs; that comes a moment after they
 * are called established. Their schemas are published later still. `kubectl wait` fails on one whose conditions are null, as they are at first.
 * @param names `widgets.example.com`; none: of all
 */
export async function established(plane: Pick<ControlPlane, 'request'>, ...names: readonly string[]): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs) {
    const { body } = await plane.request('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    const all = arrayAt(JSON.parse(body) as JsonValue, 'items');
    const found = names.length === 0 ? all : all.filter((crd) => names.includes(stringAt(crd, 'metadata', 'name') ?? ''));
    if (found.length >= names.length && found.every(isEstablished) && (await areServed(plane, found))) return;
    await delay(50);
  }
  throw new Error(`not established: ${names.join(', ')}`);
}

function isEstablished(crd: JsonValue): boolean {
  return arrayAt(crd, 'status', 'conditions').some(
    (condition) => stringAt(condition, 'type') === 'Established' && stringAt(condition, 'status') === 'True',
  );
}

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Whether discovery, of one group version and of all, tells of the kinds. */
async function areServed(plane: Pick<ControlPlane, 'request'>, definitions: readonly JsonValue[]): Promise<boolean> {
  const { body: everything } = await plane.request('/apis', { accept: DISCOVERY });
  for (const crd of definitions) {
    const plural = stringAt(crd, 'spec', 'names', 'plural') ?? '';
    if (!everything.includes(`"resource":"${plural}"`)) return false;
    for (const version of arrayAt(crd, 'spec', 'versions').filter((one) => isJsonObject(one) && one['served'] === true)) {
      const { body } = await plane.request(`/apis/${stringAt(crd, 'spec', 'group') ?? ''}/${stringAt(version, 'name') ?? ''}`);
      if (!body.includes(`"name":"${plural}"`)) return false;
    }
  }
  return true;
}
