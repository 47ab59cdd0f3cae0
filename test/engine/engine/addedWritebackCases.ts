import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type JsonObject, objectAt, valueAt } from '../../../src/engine/model/json.ts';
import type { WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { helm } from '../../tools/binaries.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { built, carryOut, deployment, opened } from './writebackSupport.ts';

/** Tests of fields that only live has, below a line that serves other objects or applications, too. */
export function testAddedWritebacks(plane: ControlPlane): void {
  const run = (...args: readonly string[]): Promise<string> => plane.kubectl(args);
  const patched = (namespace: string, name: string, patch: unknown): Promise<string> =>
    run('patch', '-n', namespace, `deployment/${name}`, '--type=merge', '-p', JSON.stringify(patch));

  test('what only live has, below a line that several objects share: into that line, or a patch for the one object', async (t) => {
    const second = deployment.replace('name: web\n  labels: {app: web} # one', 'name: api');
    const files = {
      'plumbline.yaml': configOfPaths('below', 'one', 'two'),
      'base/kustomization.yaml': 'resources: [web.yaml, api.yaml]\n',
      'base/web.yaml': deployment.replace('            - name: MODE', '            - name: MODE # how'),
      'base/api.yaml': second,
      'one/kustomization.yaml':
        'resources: [../base]\nnamePrefix: one-\nlabels:\n  - pairs: {team: market}\npatches:\n  - path: all.yaml\n    target: {kind: Deployment}\n' +
        '  - target: {kind: Deployment}\n    patch: \'[{"op": "add", "path": "/metadata/annotations", "value": {"note": "x"}}]\'\n',
      'one/all.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec:\n  template:\n    spec:\n      nodeSelector: {disk: ssd}\n',
      'two/kustomization.yaml': '# two\nresources: [../base]\nnamePrefix: two-\n',
    };
    const shop = await opened(plane, t, 'below', files, async () => {
      for (const path of ['one', 'two']) await run('apply', '--server-side', '-n', 'below', '-k', path);
    });
    const container = {
      name: 'web',
      image: 'registry.example/web:1.0',
      args: ['serve', '--quiet', '--loud'],
      env: [
        { name: 'MODE', value: 'fast' },
        { name: 'LEVEL', value: '3' },
      ],
      resources: { limits: { cpu: '2' } },
    };
    await patched('below', 'one-web', {
      metadata: { labels: { zone: 'a' }, annotations: { more: 'y' } },
      spec: {
        minReadySeconds: 4,
        template: { spec: { containers: [container], nodeSelector: { size: 'big' }, tolerations: [{ key: 'gpu', operator: 'Exists' }] } },
      },
    });
    await patched('below', 'one-api', { metadata: { labels: { zone: 'a' } } });
    const pod = 'spec.template.spec';
    const ids = [
      'spec.minReadySeconds',
      'metadata.labels.zone',
      'metadata.annotations.more',
      `${pod}.nodeSelector.size`,
      `${pod}.tolerations`,
      `${pod}.containers[name=web].args[2]`,
      `${pod}.containers[name=web].env[name=LEVEL]`,
      `${pod}.containers[name=web].resources.limits.cpu`,
    ];
    const asked = [...ids.map((id) => ['one-web', id] as const), ['one-api', 'metadata.labels.zone'] as const];
    const targets = await Promise.all(asked.map(([name, id]) => shop.field('prod/one', `Deployment/${name}`, id)));
    for (const [index, file] of ['base/web.yaml', 'one/kustomization.yaml'].entries()) {
      const shared = await shop.plan({ targets: [targets[index] ?? assert.fail()] });
      assert.deepEqual(
        [shared.edits.map(({ range }) => range.file), shared.choices, shared.affected.filter(({ kind }) => kind === 'other').length],
        [[file], ['source', 'overlay'], 1],
      );
    }
    const before = { one: await built(shop.repo, 'one'), two: await built(shop.repo, 'two') };
    const plan = await shop.plan({ targets, place: 'overlay' });
    assert.deepEqual([plan.refused, plan.affected.filter(({ kind }) => kind !== 'intended')], [[], []]);
    await carryOut(shop.repo, plan);
    const web = before.one['Deployment/one-web'] as JsonObject;
    const api = before.one['Deployment/one-api'] as JsonObject;
    const podSpec = (valueAt(web, 'spec', 'template', 'spec') ?? {}) as JsonObject;
    const pods = (valueAt(web, 'spec', 'template') ?? {}) as JsonObject;
    const labelled = (object: JsonObject, annotations = {}): JsonObject => ({
      ...object,
      metadata: {
        ...objectAt(object, 'metadata'),
        labels: { ...objectAt(object, 'metadata', 'labels'), zone: 'a' },
        annotations: { ...objectAt(object, 'metadata', 'annotations'), ...annotations },
      },
    });
    const expected = {
      ...labelled(web, { more: 'y' }),
      spec: {
        ...objectAt(web, 'spec'),
        minReadySeconds: 4,
        template: {
          ...pods,
          spec: {
            ...podSpec,
            nodeSelector: { disk: 'ssd', size: 'big' },
            tolerations: [{ key: 'gpu', operator: 'Exists' }],
            containers: [container],
          },
        },
      },
    };
    assert.deepEqual(
      [await built(shop.repo, 'one'), await built(shop.repo, 'two')],
      [{ ...before.one, 'Deployment/one-web': expected, 'Deployment/one-api': labelled(api) }, before.two],
    );
  });

  test('what only live has, below a value that several releases share: into that value, or the own values of the one', async (t) => {
    const application = (name: string, rest: string): string =>
      `  - {name: ${name}, environment: prod, path: chart, namespace: belowchart, helm: {releaseName: ${name}${rest}}}\n`;
    const files = {
      'plumbline.yaml': `${configOfPaths('belowchart', 'none')}${application('a', ', valueFiles: [values-a.yaml]')}${application('b', '')}${application('c', '')}`,
      'none/kustomization.yaml': 'resources: []\n',
      'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
      'chart/values.yaml':
        'podAnnotations:\n  team: market # ours\nresources:\n  limits: {cpu: "1"}\ntolerations:\n  - key: gpu\n    operator: Exists\nenv:\n  - name: MODE\n    value: fast\n',
      'chart/values-a.yaml': '# of a\nreplicas: 3\n',
      'chart/templates/web.yaml': deployment
        .replace('name: web\n  labels: {app: web} # one', 'name: {{ .Release.Name }}-web')
        .replace(
          '      labels: {app: web}\n    spec:\n',
          '      annotations: {{- toYaml .Values.podAnnotations | nindent 8 }}\n      labels: {app: web}\n    spec:\n      tolerations: {{- toYaml .Values.tolerations | nindent 8 }}\n',
        )
        .replace(
          '            - name: MODE\n              value: fast\n',
          '            {{- toYaml .Values.env | nindent 12 }}\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n',
        ),
    };
    const shop = await opened(plane, t, 'belowchart', files, async () => {
      for (const name of ['a', 'b', 'c']) {
        const text = await helm(
          ['template', name, 'chart', '-n', 'belowchart', ...(name === 'a' ? ['-f', 'chart/values-a.yaml'] : [])],
          {},
        );
        await plane.kubectl(['apply', '--server-side', '-n', 'belowchart', '-f', '-'], text);
      }
    });
    const container = {
      name: 'web',
      env: [{ name: 'LEVEL', value: '3' }],
      resources: { limits: { memory: '1Gi' } },
    };
    const template = {
      metadata: { annotations: { note: 'x' } },
      spec: {
        containers: [container],
        tolerations: [
          { key: 'gpu', operator: 'Exists' },
          { key: 'big', operator: 'Exists' },
        ],
      },
    };
    for (const name of ['a', 'b'])
      await run('patch', '-n', 'belowchart', `deployment/${name}-web`, '-p', JSON.stringify({ spec: { template } }));
    const pod = 'spec.template.spec';
    const ids = [
      'spec.template.metadata.annotations.note',
      `${pod}.containers[name=web].resources.limits.memory`,
      `${pod}.containers[name=web].env[name=LEVEL]`,
      `${pod}.tolerations[1]`,
    ];
    const of = (name: string): Promise<readonly WritebackTarget[]> =>
      Promise.all(ids.map((id) => shop.field(`prod/${name}`, `Deployment/${name}-web`, id)));
    const targets = [...(await of('a')), ...(await of('b'))];
    for (const target of targets.slice(0, ids.length)) {
      const shared = await shop.plan({ targets: [target] });
      assert.deepEqual(
        [shared.edits.map(({ range }) => range.file), shared.choices, shared.affected.filter(({ kind }) => kind === 'other').length],
        [['chart/values.yaml'], ['source', 'overlay'], 2],
      );
    }
    for (const [name, own] of [
      ['a', of('a')],
      ['b', of('b')],
    ] as const) {
      const plan = await shop.plan({ targets: await own, place: 'overlay' });
      assert.deepEqual([plan.refused, plan.affected.filter(({ kind }) => kind !== 'intended'), plan.affected.length], [[], [], 1], name);
      await carryOut(shop.repo, plan);
    }
    const read = (file: string): Promise<string> => readFile(join(shop.repo, file), 'utf8');
    assert.equal(await read('chart/values.yaml'), files['chart/values.yaml']);
    assert.equal(
      await read('chart/values-a.yaml'),
      '# of a\nreplicas: 3\npodAnnotations:\n  note: x\nresources:\n  limits:\n    memory: 1Gi\n' +
        'env:\n  - name: MODE\n    value: fast\n  - name: LEVEL\n    value: "3"\n' +
        'tolerations:\n  - key: gpu\n    operator: Exists\n  - key: big\n    operator: Exists\n',
    );
    assert.equal(
      await read('plumbline.yaml'),
      files['plumbline.yaml'].replace(
        '{releaseName: b}',
        '{releaseName: b, values: {podAnnotations: {note: x}, resources: {limits: {memory: 1Gi}}, ' +
          'env: [{name: MODE, value: fast}, {name: LEVEL, value: "3"}], ' +
          'tolerations: [{key: gpu, operator: Exists}, {key: big, operator: Exists}]}}',
      ),
    );
  });
}
