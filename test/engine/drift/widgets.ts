import type { JsonObject } from '../../../src/engine/model/json.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { gvkOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import { customDefinition } from '../../tools/definitions.ts';
import type { Fixture } from './fixture.ts';

/** A CustomResourceDefinition with defaults, merge lists, sets, quantities and free-form parts. */
export const widgetDefinition: KubeObject = customDefinition({
  group: 'shop.example.com',
  kind: 'Widget',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', default: 3 },
        memory: {
          anyOf: [{ type: 'integer' }, { type: 'string' }],
          pattern:
            '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
          'x-kubernetes-int-or-string': true,
        },
        port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
        hosts: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        routes: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['path', 'kind'],
          items: {
            type: 'object',
            required: ['path'],
            properties: {
              path: { type: 'string' },
              kind: { type: 'string', default: 'prefix' },
              weight: { type: 'integer', default: 1 },
            },
          },
        },
        steps: {
          type: 'array',
          items: { type: 'object', properties: { run: { type: 'string' }, retries: { type: 'integer', default: 2 } } },
        },
        extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        note: { type: 'string', nullable: true },
      },
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

/** A custom resource named `w`. */
export const widget = (namespace: string, spec: JsonObject): KubeObject => ({
  apiVersion: 'shop.example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace },
  spec,
});

/** A spec that leaves every default out. */
export const widgetSpec: JsonObject = {
  memory: '1024Mi',
  port: 80,
  hosts: ['a', 'b'],
  routes: [{ path: '/' }, { path: '/', kind: 'exact', weight: 5 }],
  steps: [{ run: 'x' }],
  extra: { any: [1, { b: true }] },
};

/** A CustomResourceDefinition without the subresource `status`: its status is data. */
export const plainGadgetDefinition: KubeObject = customDefinition({
  group: 'shop.example.com',
  kind: 'Gadget',
  properties: { status: { type: 'object', properties: { phase: { type: 'string' } } } },
  hasStatus: false,
});

/** Installs the CRD of widgets, and waits until its schema is published. */
export function installWidgets(fixture: Fixture): Promise<void> {
  return installDefinition(fixture, widgetDefinition, widget('x', {}));
}

/** Installs a CRD, and waits until the schema of its objects is published. */
export async function installDefinition(fixture: Fixture, definition: KubeObject, example: KubeObject): Promise<void> {
  await fixture.plane.apply([definition]);
  const gvk = gvkOf(example);
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    fixture.admin.forget();
    if ((await fixture.admin.resource(gvk)) !== undefined && (await fixture.admin.schemaOf(gvk)) !== undefined) return;
    await delay(50);
  }
  throw new Error(`the schema of ${gvk.kind} was not published`);
}
