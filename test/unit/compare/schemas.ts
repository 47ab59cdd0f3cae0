import { type SchemaDocument, type SchemaNode, schemaOfKind, type TypeSchema } from '../../../src/engine/model/schema.ts';

const string: SchemaNode = { type: 'string' };
const strings: SchemaNode = { type: 'object', values: string };

/** A Deployment-like built-in kind with every way of merging, as small as it can be. */
const document: SchemaDocument = {
  groupVersion: 'apps/v1',
  hash: 'A1',
  origin: 'builtin',
  kinds: { Deployment: 'deployment', Secret: 'secret' },
  definitions: {
    meta: {
      type: 'object',
      properties: {
        name: string,
        namespace: string,
        labels: strings,
        annotations: strings,
        finalizers: { type: 'array', listType: 'set', patchStrategy: 'merge', items: string },
      },
    },
    container: {
      type: 'object',
      properties: {
        name: string,
        image: string,
        args: { type: 'array', items: string },
        env: {
          type: 'array',
          listType: 'map',
          listKeys: ['name'],
          patchMergeKey: 'name',
          patchStrategy: 'merge',
          items: { type: 'object', properties: { name: string, value: string } },
        },
        ports: {
          type: 'array',
          listType: 'map',
          listKeys: ['containerPort', 'protocol'],
          patchMergeKey: 'containerPort',
          patchStrategy: 'merge',
          items: {
            type: 'object',
            properties: { name: string, containerPort: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
          },
        },
        limits: { type: 'object', values: { isQuantity: true } },
        probe: { type: 'object', properties: { port: { isIntOrString: true }, period: { type: 'integer' } } },
        stdin: { type: 'boolean' },
      },
    },
    deployment: {
      type: 'object',
      properties: {
        apiVersion: string,
        kind: string,
        metadata: { ref: 'meta' },
        spec: {
          type: 'object',
          properties: {
            replicas: { type: 'integer' },
            selector: { type: 'object', mapType: 'atomic', properties: { matchLabels: strings } },
            strategy: { type: 'object', patchStrategy: 'retainKeys', properties: { type: string, rolling: string } },
            containers: {
              type: 'array',
              listType: 'map',
              listKeys: ['name'],
              patchMergeKey: 'name',
              patchStrategy: 'merge',
              items: { ref: 'container' },
            },
          },
        },
      },
    },
    secret: {
      type: 'object',
      properties: {
        apiVersion: string,
        kind: string,
        metadata: { ref: 'meta' },
        data: { type: 'object', values: { type: 'string', format: 'byte' } },
      },
    },
  },
};

function kind(name: string, from: SchemaDocument): TypeSchema {
  const schema = schemaOfKind(from, name);
  if (schema === undefined) throw new Error(`no schema of ${name}`);
  return schema;
}

/** The built-in kind. */
export const builtin = kind('Deployment', document);
/** The same as a custom resource: values literal, no strategic merge. */
export const custom = kind('Deployment', { ...document, origin: 'crd' });
/** Secrets. */
export const secret = kind('Secret', document);
