import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { formatPath, type FieldPath, type PathStep } from '../../../src/engine/model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import { YamlIndex } from '../../../src/engine/provenance/yamlIndex.ts';
import { chance } from '../writeback/randomYaml.ts';

/** `a.b[name=web].c[0]["x.y"]` as a path. */
function path(text: string): FieldPath {
  const steps: PathStep[] = [];
  for (const [, field, quoted, index, keys] of text.matchAll(/([A-Za-z_][\w-]*)(?=[.[]|$)|\["([^"]*)"\]|\[(\d+)\]|\[([^\]]*)\]/g)) {
    if (field !== undefined || quoted !== undefined) steps.push({ field: field ?? quoted ?? '' });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (keys?.startsWith('=') === true) steps.push({ value: JSON.parse(keys.slice(1)) as JsonValue });
    else {
      const pairs = (keys ?? '').split(',').map((pair) => pair.split('=') as [string, string]);
      steps.push({ keys: Object.fromEntries(pairs.map(([key, value]) => [key, /^\d+$/.test(value) ? Number(value) : value])) });
    }
  }
  return steps;
}

/** The text that a path leads to: `line:column text`, or what was found instead. */
function at(text: string, fieldPath: string, documentIndex = 0): string {
  const index = new YamlIndex(text);
  const object = index.objects.find((one) => one.documentIndex === documentIndex);
  if (object === undefined) return 'no object';
  const hit = index.locate('f', object, path(fieldPath));
  if (hit.kind === 'unknown') return 'unknown';
  const { startLine, startColumn, endLine, endColumn } = hit.range;
  assert.equal(startLine, endLine);
  const found = `${String(startLine + 1)}:${String(startColumn)} ${text.split(/\r?\n/)[startLine]?.slice(startColumn, endColumn) ?? ''}`;
  return hit.kind === 'found' ? found : `missing after ${String(hit.depth)} at ${found}`;
}

const deployment = `# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
    name: web   # four spaces
    labels: {app: web, "tier": 'front', a.b/c: x}
    annotations:
        text: |
            kind: not this
            replicas: nor this
spec:
  replicas: 2 # two
  paused:
  template:
    spec:
      containers:
      - name: web
        image: "nginx:1.25"
        ports:
        - containerPort: 80
        - {containerPort: 53, protocol: UDP}
        - containerPort: 53
        args: ["--one", --two,
               '--three']
      - image: sidecar
        name: log
      finalizers: [a, b]
`;

test('places of fields in block and flow style', () => {
  const cases: Record<string, string> = {
    'spec.replicas': '12:2 replicas: 2',
    'spec.paused': '13:2 paused:',
    'metadata.name': '5:4 name: web',
    'metadata.labels': `6:4 labels: {app: web, "tier": 'front', a.b/c: x}`,
    'metadata.labels.app': '6:13 app: web',
    'metadata.labels.tier': `6:23 "tier": 'front'`,
    'metadata.labels["a.b/c"]': '6:40 a.b/c: x',
    'metadata.annotations.text': '8:8 text: |',
    'spec.template.spec.containers[name=web].image': '18:8 image: "nginx:1.25"',
    'spec.template.spec.containers[name=log]': '25:8 image: sidecar',
    'spec.template.spec.containers[name=log].image': '25:8 image: sidecar',
    'spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP]': '20:10 containerPort: 80',
    'spec.template.spec.containers[name=web].ports[containerPort=53,protocol=UDP].protocol': '21:30 protocol: UDP',
    'spec.template.spec.containers[name=web].ports[containerPort=53,protocol=TCP].containerPort': '22:10 containerPort: 53',
    'spec.template.spec.containers[name=web].args[2]': `24:15 '--three'`,
    'spec.template.spec.finalizers[="b"]': '27:22 b',
    'spec.template.spec.containers[name=new]': 'missing after 4 at 16:6 containers:',
    'spec.strategy.type': 'missing after 1 at 11:0 spec:',
    'metadata.annotations.other': 'missing after 2 at 7:4 annotations:',
    'spec.replicas.x': 'missing after 2 at 12:2 replicas: 2',
    status: 'missing after 0 at 2:0 apiVersion: apps/v1',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, at(deployment, name)])), cases);
  assert.deepEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, at(deployment.replaceAll('\n', '\r\n'), name)])), cases);
});

test('anchors, aliases and merge keys lead to where the value stands', () => {
  const text = `kind: ConfigMap
metadata: {name: a}
base: &base
  cpu: 1
  memory: &mem 2Gi
over:
  <<: *base
  cpu: 3
both:
  <<: [*base]
plain: *base
leaf:
  memory: *mem
`;
  const cases: Record<string, string> = {
    'over.cpu': '8:2 cpu: 3',
    'over.memory': '5:2 memory: &mem 2Gi',
    'both.cpu': '4:2 cpu: 1',
    'plain.cpu': '4:2 cpu: 1',
    'leaf.memory': '5:15 2Gi',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, at(text, name)])), cases);
});

test('odd texts: exact or nothing, never a wrong line', () => {
  const object = 'kind: ConfigMap\nmetadata:\n  name: a\n';
  const cases: [name: string, text: string, path: string, expected: string, document?: number][] = [
    ['duplicate key', `${object}data:\n  x: 1\n  x: 2\n`, 'data.x', 'unknown'],
    ['two items of one name', `${object}list:\n- name: a\n- name: a\n`, 'list[name=a]', 'unknown'],
    ['key that YAML 1.1 reads as true', `${object}data:\n  on: x\n  8080: y\n`, 'data["true"]', '5:2 on: x'],
    ['number as key', `${object}data:\n  on: x\n  8080: y\n`, 'data["8080"]', '6:2 8080: y'],
    ['JSON', '{\n  "kind": "ConfigMap",\n  "metadata": {"name": "a"},\n  "data": {\n    "x": "1"\n  }\n}\n', 'data.x', '5:4 "x": "1"'],
    [
      'JSON with tabs',
      '{\n\t"kind": "ConfigMap",\n\t"metadata": {"name": "a"},\n\t"data": {\n\t\t"x": "1"\n\t}\n}\n',
      'data.x',
      '5:2 "x": "1"',
    ],
    [
      'comment-only and empty documents are not counted',
      `# only this\n---\n---\n${object}---\n\n---\n${object}data: {x: 1}\n`,
      'data.x',
      '13:7 x: 1',
      1,
    ],
    ['document end marks', `${object}...\n---\n${object}data: {x: 1}\n...\n`, 'data.x', '9:7 x: 1', 1],
    ['directives', `%YAML 1.1\n---\n${object}data: {x: 1}\n`, 'data.x', '6:7 x: 1'],
    ['content beside the document mark', `--- {kind: ConfigMap, metadata: {name: a}, data: {x: 1}}\n`, 'data.x', '1:50 x: 1'],
    ['a broken document does not hide the others', `${object}data: {x: 1\n---\n${object}data: {x: 2}\n`, 'data.x', '9:7 x: 2', 1],
    ['broken itself', `${object}data: "x\n`, 'data.x', 'no object'],
    ['tab as indentation', `kind: ConfigMap\nmetadata:\n\tname: a\n`, 'metadata.name', 'no object'],
    ['explicit key', `${object}data:\n  ? x\n  : 1\n`, 'data.x', '5:4 x'],
    ['value on the next line', `${object}data:\n  x:\n    long text\n    goes on\n`, 'data.x', '5:2 x:'],
    ['no end of line at the end', `${object}data:\n  x: 1`, 'data.x', '5:2 x: 1'],
    ['a scalar document', 'just text\n', 'x', 'no object'],
    ['template', '{{ if .Values.x }}\nkind: A\n{{ end }}\n', 'kind', 'no object'],
  ];
  const seen = cases.map(([name, text, fieldPath, , document]) => [name, at(text, fieldPath, document)]);
  assert.deepEqual(
    seen,
    cases.map(([name, , , expected]) => [name, expected]),
  );
});

test('objects of a file, Lists opened', () => {
  const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a, namespace: x}
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: b
---
apiVersion: example.org/v1
kind: AccessList
metadata: {name: c}
items: []
`;
  const index = new YamlIndex(text);
  const seen = index.objects.map((object) => [
    object.documentIndex,
    object.kind,
    object.namespace,
    object.name,
    index.header('f', object).startLine,
  ]);
  assert.deepEqual(seen, [
    [0, 'Service', 'x', 'a', 3],
    [0, 'Deployment', '', 'b', 6],
    [1, 'AccessList', '', 'c', 11],
  ]);
});

/** All leaves of a value with their paths; list items by name or index. */
function* leaves(value: JsonValue, prefix: FieldPath = []): Generator<[FieldPath, JsonValue]> {
  if (isJsonArray(value) && value.length > 0) {
    for (const [index, item] of value.entries()) {
      const name = isJsonObject(item) ? item['name'] : undefined;
      yield* leaves(item, [...prefix, typeof name === 'string' ? { keys: { name } } : { index }]);
    }
  } else if (isJsonObject(value) && Object.keys(value).length > 0) {
    for (const [key, item] of Object.entries(value)) if (item !== undefined) yield* leaves(item, [...prefix, { field: key }]);
  } else yield [prefix, value];
}

test('every leaf of generated objects is found on the line that holds it, in every style', () => {
  const next = chance(20260101);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  let serial = 0;
  const make = (depth: number): JsonValue => {
    serial += 1;
    const roll = next();
    if (depth === 0 || roll < 0.35)
      return pick<JsonValue>([
        `v${String(serial)}`,
        serial,
        `"q" 'q' ${String(serial)}: #x`,
        true,
        '',
        `multi\nline ${String(serial)}\n`,
        'yes',
        null,
        '0777',
        `ü–${String(serial)}`,
      ]);
    const size = 1 + Math.floor(next() * 4);
    if (roll < 0.55)
      return Array.from({ length: size }, (_, index) =>
        next() < 0.5 ? { name: `n${String(index)}`, value: make(depth - 1) } : make(depth - 1),
      );
    return Object.fromEntries(
      Array.from({ length: size }, (_, index) => [
        pick([`k${String(index)}`, `a.b/c${String(index)}`, `on${String(index)}`, `k ${String(index)}`]),
        make(depth - 1),
      ]),
    );
  };
  let checked = 0;
  for (let round = 0; round < 150; round += 1) {
    const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, spec: make(4) };
    const options = {
      indent: pick([2, 4, 3]),
      indentSeq: pick([true, false]),
      lineWidth: 0,
      collectionStyle: pick(['any', 'any', 'flow'] as const),
      defaultKeyType: pick(['PLAIN', 'QUOTE_DOUBLE'] as const),
      defaultStringType: pick(['PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'] as const),
    };
    const eol = pick(['\n', '\r\n']);
    const text =
      `${pick(['', '# head\n', '---\n', 'kind: Other\nmetadata: {name: o}\n---\n'])}${next() < 0.2 ? JSON.stringify(object, undefined, 2) : stringify(object, options)}`.replaceAll(
        '\n',
        eol,
      );
    const index = new YamlIndex(text);
    const found = index.find(undefined, { apiVersion: 'v1', kind: 'Thing', name: 'x', namespace: '' }, false);
    assert.ok(found, text);
    for (const [leafPath, value] of leaves(object)) {
      const hit = index.locate('f', found, leafPath);
      const name = `${formatPath(leafPath)} in\n${text}`;
      assert.equal(hit.kind, 'found', name);
      const line = text.split(/\r?\n/)[hit.range.startLine]?.slice(hit.range.startColumn) ?? '';
      const last = leafPath.at(-1);
      // Names and numbers are unique, so the line holds the right key and the very value.
      if (last !== undefined && 'field' in last)
        assert.match(line, new RegExp(`^["']?${last.field.replaceAll(/[.]/g, '\\.')}["']?\\s*:`), name);
      if (typeof value === 'number' || (typeof value === 'string' && /^v\d+$/.test(value))) assert.ok(line.includes(String(value)), name);
      checked += 1;
    }
  }
  assert.ok(checked > 1_000);
});
