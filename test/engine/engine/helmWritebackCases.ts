import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { helm } from '../../tools/binaries.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { until } from './support.ts';
import { carryOut, deployment, objectsIn, opened, spec } from './writebackSupport.ts';

/** Tests of live values that go into the values of a chart. */
export function testHelmWritebacks(plane: ControlPlane): void {
  const run = (...args: readonly string[]): Promise<string> => plane.kubectl(args);

  test('Helm: the values that set a field; the values file of the environment where the chart serves others', async (t) => {
    const files = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev}
applications:
  - {name: a, environment: prod, path: chart, namespace: charts, helm: {releaseName: a, valueFiles: [values-a.yaml]}}
  - {name: b, environment: prod, path: chart, namespace: charts, helm: {releaseName: b}}
  - name: c
    environment: prod
    path: chart
    namespace: charts
    helm:
      releaseName: c
      values:
        replicas: 3 # of c
`,
      'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
      'chart/values.yaml': 'replicas: 2\nimage:\n  repository: registry.example/web\n  tag: "1.0"\n',
      'chart/values-a.yaml': '# of a\nimage:\n  repository: registry.example/a # ours\n',
      'chart/templates/web.yaml': deployment
        .replace('name: web\n  labels', 'name: {{ .Release.Name }}-web\n  labels')
        .replace('replicas: 2 ', 'replicas: {{ .Values.replicas }} ')
        .replace("'registry.example/web:1.0'", "'{{ .Values.image.repository }}:{{ .Values.image.tag }}'"),
    };
    const shop = await opened(plane, t, 'charts', files, async () => {
      for (const name of ['a', 'b', 'c']) {
        const own = { a: ['-f', 'chart/values-a.yaml'], b: [], c: ['--set', 'replicas=3'] }[name] ?? [];
        const text = await helm(['template', name, 'chart', '-n', 'charts', ...own], {});
        await plane.kubectl(['apply', '--server-side', '-n', 'charts', '-f', '-'], text);
      }
    });
    await run('scale', 'deployment/a-web', 'deployment/b-web', 'deployment/c-web', '-n', 'charts', '--replicas=4');
    await run('set', 'image', '-n', 'charts', 'deployment/a-web', 'web=registry.example/c:1.0');
    await run('patch', '-n', 'charts', 'deployment/b-web', '--type=merge', '-p', '{"spec":{"minReadySeconds":4}}');
    await run(
      'patch',
      '-n',
      'charts',
      'deployment/b-web',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/args/1","value":"--loud"}]',
    );
    // Only live has it: it is marked where it would stand.
    const template = join(shop.repo, 'chart/templates/web.yaml');
    await until(shop.engine, 'the parent of a field that only live has', () =>
      shop.engine.marks(template).some(({ fieldId, range }) => fieldId === 'spec.minReadySeconds' && range.startLine === 6),
    );
    const replicas = await shop.field('prod/a', 'Deployment/a-web', 'spec.replicas');
    const image = await shop.field('prod/a', 'Deployment/a-web', 'spec.template.spec.containers[name=web].image');
    const args = await shop.field('prod/b', 'Deployment/b-web', 'spec.template.spec.containers[name=web].args[1]');
    const base = await shop.plan({ targets: [replicas] });
    assert.deepEqual([base.edits.map(({ range }) => range.file), base.choices], [['chart/values.yaml'], ['source', 'overlay']]);
    const inline = await shop.field('prod/c', 'Deployment/c-web', 'spec.replicas');
    const ofB = await shop.field('prod/b', 'Deployment/b-web', 'spec.replicas');
    const plan = await shop.plan({ targets: [replicas, image, args, inline], place: 'overlay' });
    // What both ask for goes into the chart's own values; what only one does, into its own.
    const forBoth = await shop.plan({ targets: [replicas, ofB] });
    assert.deepEqual([forBoth.edits.map(({ range }) => range.file), forBoth.choices], [['chart/values.yaml'], []]);
    const onlyB = await shop.plan({ targets: [ofB], place: 'overlay' });
    assert.deepEqual(
      onlyB.edits.map(({ range, newText }) => [range.file, newText]),
      [['plumbline.yaml', ', values: {replicas: 4}']],
    );
    assert.deepEqual(
      plan.refused.map(({ reason, target }) => [target.applicationId, reason.code]),
      [['prod/b', 'adopt-in-template']],
    );
    await carryOut(shop.repo, plan);
    assert.equal(
      await readFile(join(shop.repo, 'chart/values-a.yaml'), 'utf8'),
      '# of a\nimage:\n  repository: registry.example/c # ours\nreplicas: 4\n',
    );
    assert.equal(
      await readFile(join(shop.repo, 'plumbline.yaml'), 'utf8'),
      files['plumbline.yaml'].replace('replicas: 3 # of c', 'replicas: 4 # of c'),
    );
    const rendered = objectsIn(await helm(['template', 'a', join(shop.repo, 'chart'), '-f', join(shop.repo, 'chart/values-a.yaml')], {}));
    assert.deepEqual(
      [spec(rendered['Deployment/a-web']).replicas, spec(rendered['Deployment/a-web']).template.spec.containers[0]?.image],
      [4, 'registry.example/c:1.0'],
    );
  });

  test('what only live has goes into the empty mapping or list that a chart or base has for it', async (t) => {
    const files = {
      'plumbline.yaml': `${configOfPaths('empty', 'base')}  - {name: a, environment: prod, path: chart, namespace: empty, helm: {releaseName: a, valueFiles: [values-a.yaml]}}
  - {name: b, environment: prod, path: chart, namespace: empty, helm: {releaseName: b}}
`,
      'base/kustomization.yaml':
        'resources: [web.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: \'[{"op": "add", "path": "/metadata/annotations/one", "value": "1"}]\'\n',
      'base/web.yaml': deployment.replace('  labels: {app: web} # one\n', '  annotations: {} # none\n'),
      'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
      'chart/values.yaml': 'replicas: 2\nresources: {} # as you like\npodAnnotations: {}\ntolerations: []\nextraEnvs: []\n',
      'chart/values-a.yaml': 'replicas: 3\nresources: {}\n',
      'chart/templates/web.yaml': deployment
        .replace('name: web\n  labels: {app: web} # one', 'name: {{ .Release.Name }}-web')
        .replace('replicas: 2 ', 'replicas: {{ .Values.replicas }} ')
        .replace(
          '      labels: {app: web}\n    spec:\n',
          '      {{- with .Values.podAnnotations }}\n      annotations: {{- toYaml . | nindent 8 }}\n      {{- end }}\n      labels: {app: web}\n    spec:\n' +
            '      {{- with .Values.tolerations }}\n      tolerations: {{- toYaml . | nindent 8 }}\n      {{- end }}\n' +
            '      {{- with .Values.nodeSelector }}\n      nodeSelector: {{- toYaml . | nindent 8 }}\n      {{- end }}\n',
        )
        .replace(
          '              value: fast\n',
          '              value: fast\n            {{- with .Values.extraEnvs }}\n            {{- toYaml . | nindent 12 }}\n            {{- end }}\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n',
        ),
    };
    const shop = await opened(plane, t, 'empty', files, async () => {
      await run('apply', '--server-side', '-n', 'empty', '-k', 'base');
      for (const [name, ...own] of [['a', '-f', 'chart/values-a.yaml'], ['b']] as const) {
        const text = await helm(['template', name, 'chart', '-n', 'empty', ...own], {});
        await plane.kubectl(['apply', '--server-side', '-n', 'empty', '-f', '-'], text);
      }
    });
    const pod = 'spec.template.spec';
    const web = { resources: { limits: { cpu: '2' } }, env: ['NEW', 'MORE'].map((name) => ({ name, value: 'on' })), name: 'web' };
    const spec = { containers: [web], tolerations: [{ key: 'gpu', operator: 'Exists' }], nodeSelector: { disk: 'ssd' }, hostNetwork: true };
    const template = { metadata: { annotations: { 'example.com/note': 'x', 'example.com/other': 'y' } }, spec };
    await run('annotate', 'deployment/web', '-n', 'empty', 'two=2');
    await run('patch', '-n', 'empty', 'deployment/a-web', '-p', JSON.stringify({ spec: { template } }));
    const a = (fieldId: string): Promise<WritebackTarget> => shop.field('prod/a', 'Deployment/a-web', fieldId);
    const targets = [
      await shop.field('prod/base', 'Deployment/web', 'metadata.annotations.two'),
      await a(`${pod}.containers[name=web].resources.limits.cpu`),
      await a(`${pod}.tolerations`),
      await a(`${pod}.containers[name=web].env[name=NEW]`),
      await a(`${pod}.containers[name=web].env[name=MORE]`),
      await a('spec.template.metadata.annotations["example.com/note"]'),
      await a('spec.template.metadata.annotations["example.com/other"]'),
      await a(`${pod}.nodeSelector`),
      await a(`${pod}.hostNetwork`),
    ];
    const plan = await shop.plan({ targets, place: 'overlay' });
    assert.deepEqual(
      plan.refused.map(({ target, reason }) => [target.fieldId, reason.code, reason.details]),
      [[`${pod}.hostNetwork`, 'adopt-add-in-template', { file: 'chart/templates/web.yaml' }]],
    );
    await carryOut(shop.repo, plan);
    const text = (path: string): Promise<string> => readFile(join(shop.repo, path), 'utf8');
    assert.equal(await text('base/web.yaml'), files['base/web.yaml'].replace('annotations: {} # none', 'annotations: {two: "2"} # none'));
    assert.equal(await text('chart/values.yaml'), files['chart/values.yaml']);
    assert.equal(
      await text('chart/values-a.yaml'),
      'replicas: 3\nresources: {limits: {cpu: "2"}}\ntolerations:\n  - key: gpu\n    operator: Exists\nextraEnvs:\n  - name: NEW\n    value: "on"\n' +
        '  - name: MORE\n    value: "on"\npodAnnotations:\n  example.com/note: x\n  example.com/other: "y"\nnodeSelector:\n  disk: ssd\n',
    );
    const rendered = await helm(['template', 'a', join(shop.repo, 'chart'), '-f', join(shop.repo, 'chart/values-a.yaml')], {});
    for (const line of ['disk: ssd', 'cpu: "2"', 'operator: Exists', 'example.com/note: x', 'name: NEW'])
      assert.ok(rendered.includes(line), line);
  });
}
