import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import { helm } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { objectOf, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';

let plane: ControlPlane;

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'chart/templates/secret.yaml': `apiVersion: v1
kind: Secret
metadata: {name: random}
stringData: {password: {{ randAlphaNum 16 | quote }}, user: shop}
`,
  'chart/templates/config.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: stamped, annotations: {checksum: {{ include "chart.secret" . | sha256sum }}}}
data: {at: {{ now | date "15:04:05" | quote }}, day: {{ now | date "2006-01-02" | quote }}, mode: prod}
`,
  'chart/templates/_helpers.tpl': '{{ define "chart.secret" }}{{ randAlphaNum 4 }}{{ end }}',
  'chart/templates/job.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: run-{{ randAlpha 5 | lower }}}
data: {a: "1"}
`,
};

test('what every render of a chart makes anew is no drift and says so, and a name made anew cannot be compared', async (t) => {
  const uid = await plane.uid();
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'chart', namespace: 'shop' }], { clusterUid: uid }),
    ...chart,
  });
  await helm(['install', 'shop', `${repo}/chart`, '-n', 'shop', '--create-namespace'], { kubeconfig: plane.kubeconfigPath });
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const [id = ''] = engine.applicationIds();
  const seen = (name: string, from = engine): unknown => {
    const { state, fields, ignored = [] } = objectOf(from, id, name);
    const words = ignored.map(({ id: field, reason }) => `${field}: ${reason === undefined ? '' : describe(reason.code, reason.details)}`);
    return [state, fields.map((field) => field.id), words.sort()];
  };
  const anew = 'Every render of the chart gives another value, so no difference means anything.';
  assert.deepEqual(
    [seen('Secret/random'), seen('ConfigMap/stamped')],
    [
      ['synced', [], [`data.password: ${anew}`]],
      ['synced', [], [`data.at: ${anew}`, `data.day: ${anew}`, `metadata.annotations.checksum: ${anew}`]],
    ],
  );
  // Who may not read Secrets is told of the rest.
  const { engine: reader } = await startEngine(t, repo, settingsFor(await plane.kubeconfig('viewer')));
  await reader.check(undefined);
  assert.deepEqual(
    [objectOf(reader, id, 'Secret/random').reason?.code, seen('ConfigMap/stamped', reader)],
    ['forbidden', seen('ConfigMap/stamped')],
  );
  const named = engine.objects(id).find(({ name }) => name.startsWith('run-'));
  assert.deepEqual([named?.state, named?.reason?.code, rowOf(engine, id).state], ['cannot compare', 'name-volatile', 'cannot compare']);

  await plane.kubectl(['-n', 'shop', 'patch', 'configmap', 'stamped', '-p', '{"data":{"mode":"test"}}']);
  await until(engine, 'the edit shows', () => objectOf(engine, id, 'ConfigMap/stamped').state === 'drifted');
  assert.deepEqual(
    objectOf(engine, id, 'ConfigMap/stamped').fields.map((field) => field.id),
    ['data.mode'],
  );
});

test('a sync keeps what is live of what every render makes anew, and creates nothing whose secret anybody could work out', async (t) => {
  const uid = await plane.uid();
  const application = (name: string): string => `  - {name: ${name}, environment: prod, path: chart, namespace: ${name}}\n`;
  const environments = `environments:\n  prod: {context: plumbline-dev, clusterUid: ${uid}}\n`;
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\n${environments}applications:\n${application('kept')}${application('fresh')}`,
    ...chart,
  });
  for (const name of ['kept', 'fresh']) await plane.kubectl(['create', 'namespace', name]);
  await plane.kubectl(['apply', '-n', 'kept', '-f', '-'], await helm(['template', 'kept', `${repo}/chart`]));
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const planned = async (applicationId: string): Promise<unknown> => {
    const { plans } = await engine.syncs.plan([{ applicationId }], { kind: 'sync' }, AbortSignal.timeout(60_000));
    return plans.flatMap(({ steps }) =>
      steps.map(({ key, action, fields, reason }) => [
        `${key.kind}/${key.name.replace(/-.*/, '')}`,
        action,
        fields.map(({ id }) => id),
        reason?.code,
        reason?.details['fields'],
      ]),
    );
  };
  const named = ['ConfigMap/run', 'skipped', [], 'sync-name-random', undefined];
  const labelled = ['configure', ['metadata.labels["applyset.kubernetes.io/part-of"]'], undefined, undefined];
  const refused = (fields: string): unknown[] => ['skipped', [], 'sync-value-random', fields];
  assert.deepEqual(
    [await planned('prod/kept'), await planned('prod/fresh')],
    [
      [['Secret/random', ...labelled], named, ['ConfigMap/stamped', ...labelled]],
      [['Secret/random', ...refused('data.password')], named, ['ConfigMap/stamped', ...refused('data.at, data.day')]],
    ],
  );
});
