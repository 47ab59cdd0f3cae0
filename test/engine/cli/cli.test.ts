import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { writeFile } from 'node:fs/promises';
import type { DiffReport } from '../../../src/cli/diffJson.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { deploymentYaml } from '../../tools/manifests.ts';
import { CliFolder } from './support.ts';

let plane: ControlPlane;
let folder: CliFolder;

const deployment = deploymentYaml({ labels: '{app: web}', image: 'registry.example/web:1' });
const secret = `apiVersion: v1
kind: Secret
metadata:
  name: keys
stringData:
  password: hunter2
`;

function config(uid: string, isProtected = false): string {
  return `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: cli, clusterUid: ${uid}, branch: main, protected: ${String(isProtected)}}
applications:
  - {name: shop, environment: prod, path: shop, namespace: shop}
`;
}

before(async () => {
  plane = await startControlPlane({ name: 'cli' });
  folder = await CliFolder.create(plane.kubeconfigPath);
  const uid = await plane.uid();
  await folder.commit({
    'plumbline.yaml': config(uid.trim()),
    'shop/web.yaml': deployment,
    'shop/keys.yaml': secret,
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'chart/values.yaml': 'size: small\n',
    'chart/templates/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: chart\ndata:\n  size: {{ .Values.size }}\n',
  });
  await plane.kubectl(['create', 'namespace', 'shop']);
  await plane.kubectl(['apply', '--server-side', '-n', 'shop', '-f', join(folder.repo, 'shop')]);
});
after(async () => {
  await folder.remove();
  await plane.stop();
});

test('no difference: exit 0; the summary counts what was proved', async () => {
  const { code, out, err } = await folder.run(['diff']);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^prod\/shop {2}cli\/shop · main [0-9a-f]{7} {2}synced\n\n2 synced · \d+ API calls, 0 dry-runs/);
});

test('drift: exit 1, path, values, manager, file and line; Secrets masked; JSON by the published schema', async () => {
  await plane.kubectl(['scale', 'deployment/web', '--replicas=5', '-n', 'shop']);
  await plane.kubectl(['patch', 'secret', 'keys', '-n', 'shop', '--type=merge', '-p', '{"data":{"password":"b3RoZXI="}}']);
  const text = await folder.run(['diff', '--app', 'shop']);
  assert.equal(text.code, 1);
  assert.match(text.out, /^ {4}spec\.replicas: 2 → 5 {2}\(kubectl\b.*\) {2}shop\/web\.yaml:7$/m);
  assert.match(text.out, /^ {4}data\.password: •+ → •+ \(different\)/m);
  const json = await folder.run(['diff', '--output', 'json']);
  assert.equal(json.code, 1);
  for (const { out, err } of [text, json]) assert.doesNotMatch(out + err, /hunter2|b3RoZXI|aHVudGVyMg|other"/);
  const schema = JSON.parse(await readFile(new URL('../../../media/plumbline-diff.schema.json', import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const report = JSON.parse(json.out) as DiffReport;
  validate(report);
  assert.deepEqual(validate.errors, null);
  assert.deepEqual(report.summary.byVerdict, { drifted: 2 });
});

test('revert: a plan without --yes writes nothing; one field with it; then the rest', async () => {
  const planned = await folder.run(['revert', '--app', 'shop']);
  assert.equal(planned.code, 1);
  assert.match(planned.out, /^ {6}spec\.replicas: 5 → 2/m);
  assert.match(planned.err, /Nothing was written: give --yes/);
  const unknown = await folder.run(['revert', '--object', 'deployment/web', '--field', 'spec.replica', '--yes']);
  assert.deepEqual(
    [unknown.code, unknown.err],
    [2, "plumbline: apps/Deployment/shop/web has no drifted field 'spec.replica'. Drifted: spec.replicas.\n"],
  );
  const one = await folder.run(['revert', '--object', 'deployment/web', '--field', 'spec.replicas', '--yes']);
  assert.deepEqual([one.code, /^done {4}Deployment\/web$/m.test(one.out)], [0, true]);
  const rest = await folder.run(['revert', '--yes', '--output', 'json']);
  assert.equal(rest.code, 0);
  const report = JSON.parse(rest.out) as { results: readonly { key: string; outcome: string }[] };
  assert.deepEqual(report.results, [{ key: '/Secret/shop/keys', outcome: 'done' }]);
  assert.equal((await folder.run(['diff'])).code, 0);
  assert.equal((await folder.run(['revert', '--yes'])).out, 'Nothing drifted.\n');
});

test('--path: a chart and a folder without plumbline.yaml, as they are on disk', async () => {
  await plane.kubectl(['create', 'configmap', 'chart', '-n', 'shop', '--from-literal=size=large']);
  const chart = await folder.run(['diff', '--path', 'chart', '--namespace', 'shop']);
  assert.equal(chart.code, 1);
  assert.match(chart.out, /ConfigMap\/chart {2}shop {2}(differs|drifted|out of sync)/);
  assert.match(chart.out, /data\.size: small → large/);
  const plain = await CliFolder.create(plane.kubeconfigPath);
  try {
    await plain.write({ 'web.yaml': deployment });
    const same = await plain.run(['diff', '--path', '.', '--context', 'cli', '--namespace', 'shop']);
    assert.deepEqual([same.code, same.err], [0, '']);
    const none = await plain.run(['diff']);
    assert.equal(none.code, 2);
    assert.match(none.err, /^plumbline: .*repository/);
  } finally {
    await plain.remove();
  }
});

test('--revision: another commit and the working tree', async () => {
  await folder.write({ 'shop/web.yaml': deployment.replace('web:1', 'web:2') });
  const edited = await folder.run(['diff', '--app', 'shop', '--revision', 'worktree']);
  assert.match(edited.out, /image: registry\.example\/web:2 → registry\.example\/web:1/);
  assert.equal((await folder.run(['diff', '--app', 'shop', '--revision', 'HEAD'])).code, 0);
  const unknown = await folder.run(['diff', '--app', 'shop', '--revision', 'nope']);
  assert.deepEqual([unknown.code, /nope/.test(unknown.out)], [3, true]);
  await folder.write({ 'shop/web.yaml': deployment });
});

test('apps and render need no cluster; Secrets are masked; a broken template names its line', async () => {
  const offline = ['--kubeconfig', '/nonexistent'];
  const apps = await folder.run(['apps']);
  assert.match(apps.out, /^APPLICATION +CONTEXT .*\nprod\/shop +cli +shop +directory +shop +plumbline\.yaml$/m);
  assert.equal((await folder.run(['diff', ...offline])).code, 3);
  const rendered = await folder.run(['render', '--app', 'shop']);
  assert.deepEqual([rendered.code, /image: registry\.example\/web:1/.test(rendered.out), /hunter2/.test(rendered.out)], [0, true, false]);
  await folder.write({ 'chart/templates/broken.yaml': 'a: {{ .Values.size | nofunc }}\n' });
  const broken = await folder.run(['render', '--path', 'chart']);
  assert.equal(broken.code, 3);
  assert.match(broken.err, /^chart: The template failed at chart\/templates\/broken\.yaml:1[:0-9]*: .*nofunc/m);
  await folder.write({ 'chart/templates/broken.yaml': '' });
});

test('who may not write is told which right is missing: exit 4', async () => {
  await plane.kubectl(['scale', 'deployment/web', '--replicas=4', '-n', 'shop']);
  const viewer = await plane.kubeconfig('viewer');
  const diff = await folder.run(['diff', '--object', 'Deployment/web', '--kubeconfig', viewer]);
  assert.deepEqual([diff.code, /drifted \(not confirmed\)/.test(diff.out)], [1, true]);
  const revert = await folder.run(['revert', '--object', 'Deployment/web', '--yes', '--kubeconfig', viewer]);
  assert.equal(revert.code, 4);
  assert.match(revert.out, /You may not patch deployments\.apps in namespace shop/);
});

test('another cluster behind the context is refused: exit 3, nothing compared', async () => {
  const other = await CliFolder.create(plane.kubeconfigPath);
  try {
    await other.commit({ 'plumbline.yaml': config('00000000-0000-0000-0000-000000000000'), 'shop/web.yaml': deployment });
    const { code, out } = await other.run(['diff']);
    assert.deepEqual([code, /cannot compare/.test(out), /synced/.test(out)], [3, true, false]);
  } finally {
    await other.remove();
  }
});

test('a broken plumbline.yaml names file and line; what it breaks is not taken for compared', async () => {
  const other = await CliFolder.create(plane.kubeconfigPath);
  try {
    const good = config('x').replace(
      'shop, namespace: shop}',
      'shop, namespace: shop}\n  - {name: lost, environment: prd, path: shop, namespace: shop}',
    );
    await other.commit({ 'plumbline.yaml': good, 'shop/web.yaml': deployment });
    const apps = await other.run(['apps']);
    assert.deepEqual([apps.code, /^prod\/shop /m.test(apps.out)], [2, true]);
    assert.match(apps.err, /^plumbline\.yaml:7: There is no environment "prd"\. Did you mean "prod"\?\n$/);
    await other.write({ 'plumbline.yaml': 'applications: [\n' });
    const broken = await other.run(['diff']);
    assert.equal(broken.code, 2);
    assert.match(broken.err, /^plumbline\.yaml:\d: plumbline\.yaml is not valid YAML/);
  } finally {
    await other.remove();
  }
});

test('Ctrl-C ends a run that waits for a cluster: exit 130, no stack', async (t) => {
  const sockets: { destroy(): void }[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  assert(address !== null && typeof address === 'object');
  const kubeconfig = join(folder.dir, 'silent.kubeconfig');
  const text = await readFile(plane.kubeconfigPath, 'utf8');
  await writeFile(kubeconfig, text.replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, `https://127.0.0.1:${address.port}`));
  const reached = once(silent, 'connection');
  const { code, err } = await folder.run(['diff', '--kubeconfig', kubeconfig], (_text, kill) => {
    void reached.then(() => {
      kill('SIGINT');
    });
  });
  assert.deepEqual([code, err], [130, '']);
});
