import { reduceOpenApi, schemaOfKind } from '../../../src/engine/model/schema.ts';

const text = { type: 'string' };
const container = {
  type: 'object',
  properties: {
    name: text,
    image: text,
    command: { type: 'array', items: text },
    env: {
      type: 'array',
      items: { type: 'object', properties: { name: text, value: text } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    ports: {
      type: 'array',
      items: {
        type: 'object',
        properties: { containerPort: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' }, name: text },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    },
    resources: { type: 'object', properties: { limits: { type: 'object', additionalProperties: text } } },
    securityContext: { type: 'object', properties: { runAsUser: { type: 'integer' } } },
  },
};

/** A Pod-like schema with every kind of list and map that server-side apply knows. */
export const podSchema = schemaOfKind(
  reduceOpenApi('v1', '', {
    components: {
      schemas: {
        Pod: {
          type: 'object',
          'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
          properties: {
            metadata: {
              type: 'object',
              properties: {
                labels: { type: 'object', additionalProperties: text },
                finalizers: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
              },
            },
            spec: {
              type: 'object',
              properties: {
                replicas: { type: 'integer' },
                strategy: { type: 'object', properties: { type: text } },
                nodeSelector: { type: 'object', additionalProperties: text, 'x-kubernetes-map-type': 'atomic' },
                containers: {
                  type: 'array',
                  items: container,
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['name'],
                },
              },
            },
          },
        },
      },
    },
  }),
  'Pod',
);
