import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { fieldSchema, itemSchema, listKeyOf, reduceOpenApi, schemaOfKind, type TypeSchema } from '../../../src/engine/model/schema.ts';

const REF = '#/components/schemas/';
const OPEN_API: JsonObject = {
  info: { title: 'Kubernetes' },
  components: {
    schemas: {
      'io.k8s.api.core.v1.Pod': {
        type: 'object',
        'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
        properties: {
          spec: { allOf: [{ $ref: `${REF}io.k8s.api.core.v1.PodSpec` }], default: {}, description: 'left out' },
          labels: { type: 'object', additionalProperties: { type: 'string', default: '' } },
        },
      },
      'io.k8s.api.core.v1.PodSpec': {
        type: 'object',
        properties: {
          ports: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
            items: { allOf: [{ $ref: `${REF}io.k8s.api.core.v1.Port` }], default: {} },
          },
          limits: { type: 'object', additionalProperties: { $ref: `${REF}io.k8s.apimachinery.pkg.api.resource.Quantity` } },
          port: { allOf: [{ $ref: `${REF}io.k8s.apimachinery.pkg.util.intstr.IntOrString` }] },
          selector: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
          data: { type: 'string', format: 'byte' },
          self: { $ref: `${REF}io.k8s.api.core.v1.PodSpec` },
          constructor: { type: 'string' },
        },
      },
      'io.k8s.api.core.v1.Port': {
        type: 'object',
        properties: { containerPort: { type: 'integer', format: 'int32' }, protocol: { type: 'string', default: 'TCP' } },
      },
      'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
      'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
      Foreign: { 'x-kubernetes-group-version-kind': [{ group: 'x', version: 'v1', kind: 'Pod' }] },
    },
  },
};

function at(schema: TypeSchema | undefined, ...path: readonly string[]): TypeSchema | undefined {
  return path.reduce((current, name) => (name === '[]' ? itemSchema(current) : fieldSchema(current, name)), schema);
}

test('a document is reduced to what comparison reads, and references are followed', () => {
  const document = reduceOpenApi('v1', 'HASH', OPEN_API);
  const pod = schemaOfKind(document, 'Pod');
  const ports = at(pod, 'spec', 'ports');
  assert.deepEqual(
    {
      origin: document.origin,
      kinds: document.kinds,
      ports: [ports?.node.listType, ports?.node.listKeys],
      protocol: at(ports, '[]', 'protocol')?.node,
      quantity: at(pod, 'spec', 'limits', 'cpu')?.node.isQuantity,
      intOrString: at(pod, 'spec', 'port')?.node.isIntOrString,
      atomic: at(pod, 'spec', 'selector')?.node.mapType,
      byte: at(pod, 'spec', 'data')?.node.format,
      label: at(pod, 'labels', 'any')?.node.type,
      recursive: at(pod, 'spec', 'self', 'self', 'self', 'data')?.node.format,
      unknown: at(pod, 'spec', 'nothing'),
      inherited: [at(pod, 'constructor'), at(pod, 'spec', 'constructor')?.node.type],
      missing: schemaOfKind(document, 'Service'),
    },
    {
      origin: 'builtin',
      kinds: { Pod: 'io.k8s.api.core.v1.Pod' },
      ports: ['map', ['containerPort', 'protocol']],
      protocol: { type: 'string', default: 'TCP' },
      quantity: true,
      intOrString: true,
      atomic: 'atomic',
      byte: 'byte',
      label: 'string',
      recursive: 'byte',
      unknown: undefined,
      inherited: [undefined, 'string'],
      missing: undefined,
    },
  );
  assert.doesNotMatch(JSON.stringify(document), /left out/);
});

test('list keys take their defaults', () => {
  const ports = at(schemaOfKind(reduceOpenApi('v1', '', OPEN_API), 'Pod'), 'spec', 'ports');
  assert.ok(ports);
  assert.deepEqual(
    [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }, { protocol: 'UDP' }, 'text'].map((item) => listKeyOf(ports, item)),
    [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 80, protocol: 'UDP' }, undefined, undefined],
  );
});

test('schemas of CRDs are marked as such; their quantities are recognised by the pattern', () => {
  const pattern = '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';
  const document = reduceOpenApi('shop.example/v1', 'H', {
    info: { title: 'Kubernetes CRD Swagger' },
    components: {
      schemas: {
        Order: {
          'x-kubernetes-group-version-kind': [{ group: 'shop.example', version: 'v1', kind: 'Order' }],
          type: 'object',
          properties: {
            size: { pattern, 'x-kubernetes-int-or-string': true },
            free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            list: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    },
  });
  const order = schemaOfKind(document, 'Order');
  assert.deepEqual(
    [document.origin, at(order, 'size')?.node, at(order, 'free')?.node.preserveUnknown, at(order, 'list')?.node.listType],
    ['crd', { isIntOrString: true, isQuantity: true }, true, undefined],
  );
});
