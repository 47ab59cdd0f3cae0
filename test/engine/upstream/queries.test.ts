import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeService } from '../render/support.ts';

const renders = await makeService();
after(() => {
  renders.dispose();
});
// What ends a query is the count of its steps; the clock is for what has none.
const options = { signal: new AbortController().signal, timeoutMs: 120_000 };

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', annotations: { 'example.com/a~b': 'x' } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          { name: 'istio-proxy', image: 'p:1' },
          { name: 'web', image: 'w:1' },
        ],
      },
    },
  },
};

const jqCases: { name: string; expression: string; values?: readonly unknown[]; paths?: readonly unknown[]; error?: RegExp }[] = [
  { name: 'a field', expression: '.spec.replicas', values: [3], paths: [['spec', 'replicas']] },
  {
    name: 'items by condition',
    expression: '.spec.template.spec.containers[] | select(.name == "istio-proxy")',
    values: [{ name: 'istio-proxy', image: 'p:1' }],
    paths: [['spec', 'template', 'spec', 'containers', 0]],
  },
  { name: 'two at once', expression: '.a, .b', values: [null, null], paths: [['a'], ['b']] },
  { name: 'a function of gojq', expression: '.metadata | to_entries | length', values: [2], error: /path/i },
  { name: 'no jq', expression: '.spec[', error: /unexpected/ },
  { name: 'endless', expression: 'def f: f; f', error: /too many steps/ },
  { name: 'no environment', expression: 'env | length', values: [0], error: /path/i },
  { name: 'no input', expression: 'input', error: /input/ },
];

test('jq gives values, and the places that del() would take away', async () => {
  for (const { name, expression, values, paths, error } of jqCases) {
    const [value] = await renders.jq(expression, [deployment], 'values', options);
    const [path] = await renders.jq(expression, [deployment], 'paths', options);
    if (values === undefined) assert.match(value?.error ?? '', error ?? /^$/, name);
    else assert.deepEqual(value, { values }, name);
    if (paths === undefined) assert.match(path?.error ?? '', error ?? /^$/, `paths of ${name}`);
    else assert.deepEqual(path, { values: paths }, `paths of ${name}`);
  }
});

test('one expression is asked of many objects in one call', async () => {
  const objects = Array.from({ length: 500 }, (_, index) => ({ spec: { replicas: index } }));
  const answers = await renders.jq('.spec.replicas', objects, 'values', options);
  assert.deepEqual(
    answers.map(({ values }) => values),
    objects.map(({ spec }) => [spec.replicas]),
  );
});

const luaCases: { name: string; script?: string; openLibs?: boolean; object?: object; value?: unknown; error?: RegExp }[] = [
  {
    name: 'reads the object',
    script: 'return {status = "Healthy", message = obj.metadata.name}',
    value: { status: 'Healthy', message: 'web' },
  },
  { name: 'nothing returned', script: 'local a = 1', value: null },
  { name: 'no string library', script: 'return {m = string.upper("a")}', error: /nil/ },
  { name: 'string library on demand', script: 'return {m = string.upper("a")}', openLibs: true, value: { m: 'A' } },
  { name: 'no io', script: 'return {m = type(io)}', openLibs: true, value: { m: 'nil' } },
  { name: 'os has time and date only', script: 'return {type(os.execute), type(os.exit), type(os.getenv)}', value: ['nil', 'nil', 'nil'] },
  {
    name: 'the clock is the engine’s',
    script: 'return {t = os.time(), d = os.date("!%Y-%m-%dT%H:%M:%S")}',
    value: { t: 1000, d: '1970-01-01T00:16:40' },
  },
  { name: 'an endless loop', script: 'while true do end', error: /too many steps/ },
  { name: 'endless recursion', script: 'local function f() return 1 + f() end return f()', error: /stack overflow/ },
  { name: 'a huge text', script: 'return string.rep("x", 1e9)', openLibs: true, error: /too long/ },
  { name: 'a syntax error', script: 'return {', error: /line:1|EOF/ },
  {
    name: 'Argo CD’s own check',
    object: {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'c' },
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'the issuer is missing' }] },
    },
    value: { status: 'Degraded', message: 'the issuer is missing' },
  },
];

test('Lua runs as in Argo CD, without a way out', async () => {
  const tasks = luaCases.map(({ script, openLibs = false, object = deployment }) => ({
    ...(script === undefined ? {} : { script }),
    openLibs,
    object: JSON.parse(JSON.stringify(object)) as typeof deployment,
  }));
  const answers = await renders.lua(tasks, 1_000_000, options);
  for (const [index, { name, value, error }] of luaCases.entries()) {
    if (error === undefined) assert.deepEqual(answers[index], { values: [value] }, name);
    else assert.match(answers[index]?.error ?? '', error, name);
  }
  assert.deepEqual(await renders.lua([{ object: deployment }], 0, options), [{}], 'Argo CD has no script for the kind');
});

test('a query that eats all memory spoils only its own answer', async () => {
  const bomb = 'local t = {} for i = 1, 1e9 do t[i] = {i, {i}} end return t';
  const [good, bad, last] = await renders.lua(
    [
      { script: 'return {ok = true}', object: {} },
      { script: bomb, object: {} },
      { script: 'return {ok = true}', object: {} },
    ],
    0,
    { ...options, timeoutMs: 20_000 },
  );
  assert.deepEqual([good, last], [{ values: [{ ok: true }] }, { values: [{ ok: true }] }]);
  assert.notEqual(bad?.error, undefined);
});

test('a cancelled query ends', async () => {
  const abort = new AbortController();
  const running = renders.lua(
    Array.from({ length: 200 }, () => ({ script: 'while true do end', object: {} })),
    0,
    { signal: abort.signal },
  );
  abort.abort(new Error('stop'));
  await assert.rejects(running, /stop/);
});
