import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { customDefinition } from '../../tools/definitions.ts';
import type { Fixture } from './fixture.ts';
import { installDefinition } from './widgets.ts';

const strings = { type: 'object', additionalProperties: { type: 'string' } };

/** A second CustomResourceDefinition: defaults in defaults, lists in lists, atomic maps, embedded objects, every scalar format. */
export const gadgetDefinition: KubeObject = customDefinition({
  group: 'shop.example.com',
  kind: 'Gadget',
  properties: {
    spec: {
      type: 'object',
      properties: {
        mode: { type: 'string', enum: ['auto', 'on', 'off'], default: 'auto' },
        policy: {
          type: 'object',
          default: {},
          properties: {
            retries: { type: 'integer', default: 3 },
            strict: { type: 'boolean', default: true },
            limits: strings,
          },
        },
        whole: { ...strings, 'x-kubernetes-map-type': 'atomic' },
        settings: strings,
        numbers: { type: 'array', items: { type: 'integer' } },
        levels: { type: 'array', items: { type: 'integer' }, 'x-kubernetes-list-type': 'set' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', default: ['base'] },
        zones: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              weight: { type: 'integer', default: 1 },
              racks: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['id'],
                items: {
                  type: 'object',
                  required: ['id'],
                  properties: { id: { type: 'integer' }, label: { type: 'string' }, spare: { type: 'boolean', default: false } },
                },
              },
            },
          },
        },
        ratio: { type: 'number' },
        big: { type: 'integer', format: 'int64' },
        when: { type: 'string', format: 'date-time' },
        blob: { type: 'string', format: 'byte' },
        flag: { type: 'boolean' },
        percent: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
        maybe: { type: 'object', nullable: true, properties: { a: { type: 'string' } } },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        free: { 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

/** A custom resource named `g`. */
export const gadget = (namespace: string, spec: JsonObject): KubeObject => ({
  apiVersion: 'shop.example.com/v1',
  kind: 'Gadget',
  metadata: { name: 'g', namespace },
  spec,
});

/** Installs the CRD, and waits until its schema is published. */
export function installGadgets(fixture: Fixture): Promise<void> {
  return installDefinition(fixture, gadgetDefinition, gadget('x', {}));
}
