import type { JsonObject } from '../../src/engine/model/json.ts';
import type { KubeObject } from '../../src/engine/model/objects.ts';

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
