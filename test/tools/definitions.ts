import { setTimeout as delay } from 'node:timers/promises';
import { arrayAt, type JsonObject, type JsonValue, stringAt } from '../../src/engine/model/json.ts';
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
 * Waits until the kinds of CustomResourceDefinitions are served. `kubectl wait` fails on one whose conditions are null, as they are at first.
 * @param names `widgets.example.com`; none: of all
 */
export async function established(plane: Pick<ControlPlane, 'request'>, ...names: readonly string[]): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs) {
    const { body } = await plane.request('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    const all = arrayAt(JSON.parse(body) as JsonValue, 'items');
    const found = names.length === 0 ? all : all.filter((crd) => names.includes(stringAt(crd, 'metadata', 'name') ?? ''));
    if (found.length >= names.length && found.every(isEstablished)) return;
    await delay(50);
  }
  throw new Error(`not established: ${names.join(', ')}`);
}

function isEstablished(crd: JsonValue): boolean {
  return arrayAt(crd, 'status', 'conditions').some(
    (condition) => stringAt(condition, 'type') === 'Established' && stringAt(condition, 'status') === 'True',
  );
}
