import { type JsonObject, type JsonValue, objectAt } from '../../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../../src/engine/model/objects.ts';
import { changed } from '../changed.ts';
import { manifests } from '../objects.ts';
import { widget, widgetSpec } from '../widgets.ts';
import type { AlarmCase } from './world.ts';

const CONTAINER = 'spec.template.spec.containers[name=web]';
const web = ['spec', 'template', 'spec', 'containers', 0] as const;

const CASES: readonly AlarmCase[] = [
  {
    sources: [2],
    name: 'quantities of built-in kinds, which the server writes in its own spelling',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['deployment'] as KubeObject;
      const resources = {
        requests: { cpu: '1000m', memory: '1.5Gi' },
        limits: { cpu: '2', memory: 3221225472, 'ephemeral-storage': '1e3' },
      };
      const git = changed(plain, [...web, 'resources'], resources);
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [2, 23],
    name: 'a quantity of a custom resource in another spelling',
    setUp: async (world) => {
      await world.apply(widget(world.namespace, widgetSpec));
      return { git: widget(world.namespace, { ...widgetSpec, memory: '1Gi' }) };
    },
    expected: {
      'server-side': { state: 'synced', fields: ['out of sync changed spec.memory: "1Gi" -> "1024Mi" by kubectl cosmetic'] },
      'client-side': {
        state: 'synced',
        fields: ['out of sync changed spec.memory: "1Gi" -> "1024Mi" by kubectl-client-side-apply cosmetic'],
      },
    },
  },
  {
    sources: [23],
    name: 'a quantity that somebody wrote in another spelling',
    setUp: async (world) => {
      const git = await world.common('deployment');
      const container = { name: 'web', resources: { limits: { memory: '1073741824' } } };
      await world.write(git, 'kubectl-edit', [
        { op: 'replace', path: '/spec/template/spec/containers/0/resources/limits', value: objectAt(container, 'resources', 'limits') },
      ]);
      return { git: changed(git, [...web, 'resources', 'limits'], { memory: '1024Mi' }) };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [3],
    name: 'a number and the same digits as text are two values',
    setUp: async (world) => {
      const git = widget(world.namespace, widgetSpec);
      await world.apply(git);
      await world.write(git, 'kubectl-edit', { spec: { port: '80' } });
      return { git };
    },
    expected: { state: 'drifted', fields: ['drifted changed spec.port: 80 -> "80" by kubectl-edit'] },
  },
  {
    sources: [3],
    name: 'a number in another notation is the same number',
    setUp: async (world) => {
      const text = (number: string): string =>
        `{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"${world.namespace}"},"spec":{"extra":{"n":${number}}}}`;
      await world.apply(text('1'));
      const [git] = await world.parse(text('1.0'));
      return { git: git as KubeObject };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [4],
    name: 'items that a controller puts between those of Git',
    setUp: async (world) => {
      const git = await world.common('deployment');
      const value = { name: 'NODE', value: 'x' };
      await world.write(git, 'injector-webhook', [{ op: 'add', path: '/spec/template/spec/containers/0/env/0', value }]);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [4],
    name: 'variables in another order are drift, since they expand each other',
    setUp: async (world) => {
      const git = await world.common('deployment');
      const env = '/spec/template/spec/containers/0/env';
      await world.write(git, 'kubectl-edit', [{ op: 'move', from: `${env}/2`, path: `${env}/0` }]);
      return { git };
    },
    // The order of a merge list has no manager: only a recorded apply tells who moved it.
    expected: {
      'server-side': { state: 'differs', fields: [`differs changed ${CONTAINER}.env: …`] },
      'client-side': { state: 'drifted', fields: [`drifted changed ${CONTAINER}.env: …`] },
    },
  },
  {
    sources: [4],
    name: 'a set in another order',
    setUp: async (world) => {
      await world.apply(widget(world.namespace, widgetSpec));
      return { git: widget(world.namespace, { ...widgetSpec, hosts: ['b', 'a'] }) };
    },
    expected: {
      'server-side': { state: 'differs', fields: ['differs changed spec.hosts: ["b","a"] -> ["a","b"] by kubectl'] },
      'client-side': {
        state: 'out of sync',
        fields: ['out of sync changed spec.hosts: ["b","a"] -> ["a","b"] by kubectl-client-side-apply'],
      },
    },
  },
  ...['networkPolicy', 'statefulSet', 'autoscaler', 'ingress', 'cronJob'].map((kind): AlarmCase => ({
    sources: [1, 5],
    name: `defaults inside the atomic lists of a ${kind}`,
    setUp: async (world) => ({ git: await world.common(kind) }),
    expected: { state: 'synced', proof: 'local' },
  })),
  {
    sources: [5],
    name: 'defaults inside projected volumes and downward fields',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['deployment'] as KubeObject;
      const git = changed(plain, ['spec', 'template', 'spec', 'volumes', 1], {
        name: 'cache',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { configMap: { name: 'web-config' } },
          ],
        },
      });
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [6],
    name: 'ports of one number that differ only by the defaulted protocol',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['service'] as KubeObject;
      const git = changed(
        plain,
        ['spec', 'ports'],
        [
          { name: 'dns', port: 53 },
          { name: 'dns-udp', port: 53, protocol: 'UDP' },
        ],
      );
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [6],
    name: 'a key of a custom list that the schema defaults',
    setUp: async (world) => {
      const git = widget(world.namespace, {
        routes: [
          { path: '/', weight: 2 },
          { path: '/', kind: 'exact' },
        ],
      });
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [7],
    name: 'a variable that stands twice: as client-side apply left it',
    ways: ['client-side'],
    setUp: async (world) => {
      const git = twice(manifests(world.namespace)['deployment'] as KubeObject);
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [7],
    name: 'a variable that stands twice: server-side apply refuses it, and nothing is green',
    ways: ['server-side'],
    setUp: async (world) => {
      const plain = await world.common('deployment');
      return { git: twice(plain) };
    },
    expected: { state: 'cannot compare', code: 'target-rejected' },
  },
  {
    sources: [13],
    name: 'nulls, empty lists and maps, zero values',
    setUp: async (world) => {
      const base = manifests(world.namespace)['deployment'] as KubeObject;
      const git = withNothings(base);
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [13],
    name: 'nothings in a custom resource, which stay as they were written',
    setUp: async (world) => {
      const git = widget(world.namespace, {
        note: null,
        hosts: [],
        steps: [],
        extra: { none: null, empty: {}, list: [], zero: 0, no: false, text: '' },
      });
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [14],
    reports: [1],
    name: 'stringData, also over a key of data',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['secret'] as KubeObject;
      const git: KubeObject = { ...plain, stringData: { password: 'hunter2', both: 'wins' }, data: { both: 'bG9zZXM=' } };
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [15],
    reports: [1],
    name: 'line breaks in base64',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['secret'] as KubeObject;
      const git: KubeObject = { ...plain, stringData: {}, data: { token: 'YWJj\nZGVm\n', pad: ' eHg= ' } };
      await world.apply({ ...git, data: { token: 'YWJjZGVm', pad: 'eHg=' } });
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [20],
    name: 'values of YAML 1.1, read as kubectl reads them',
    setUp: async (world) => {
      const text = `apiVersion: shop.example.com/v1
kind: Widget
metadata: {name: w, namespace: ${world.namespace}}
spec:
  extra: {yes: yes, no: NO, on: on, octal: 0777, newOctal: 0o17, hex: 0x1F, exponent: 1e3, sixty: 12:30:45, date: 2026-01-02, tilde: ~, text: "0777", grouped: 1_000, binary: 0b11, merged: &m {a: 1}, more: {<<: *m, b: y}}
`;
      await world.apply(text);
      const [git] = await world.parse(text);
      return { git: git as KubeObject };
    },
    expected: { state: 'synced' },
  },
];

function twice(object: KubeObject): KubeObject {
  const env: JsonValue = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  return changed(object, [...web, 'env'], env);
}

function withNothings(base: KubeObject): KubeObject {
  const template = objectAt(base, 'spec', 'template');
  const pod = objectAt(template, 'spec');
  const [container] = pod['containers'] as readonly JsonObject[];
  return {
    ...base,
    metadata: { ...base.metadata, annotations: {}, creationTimestamp: null },
    spec: {
      ...objectAt(base, 'spec'),
      strategy: {},
      paused: false,
      minReadySeconds: 0,
      template: {
        metadata: { ...objectAt(template, 'metadata'), creationTimestamp: null },
        spec: {
          ...pod,
          hostNetwork: false,
          nodeSelector: {},
          tolerations: [],
          affinity: null,
          initContainers: [],
          containers: [{ ...container, command: [], stdin: false, workingDir: '', lifecycle: null, resources: {} }],
        },
      },
    },
    status: {},
  };
}

/** Where a value is written in more than one way, or in an order of its own. */
export function valueCases(): readonly AlarmCase[] {
  return CASES;
}
