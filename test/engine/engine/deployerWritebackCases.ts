import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { helm } from '../../tools/binaries.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { until } from './support.ts';
import { carryOut, deployment, opened } from './writebackSupport.ts';

/** Tests of live values that go into what Flux and Argo CD read beside the source: variables, HelmReleases, Applications. */
export function testDeployerWritebacks(plane: ControlPlane): void {
  const run = (...args: readonly string[]): Promise<string> => plane.kubectl(args);

  test('Flux substitution: what it builds is compared, and a live value goes into the variable', async (t) => {
    const build =
      'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop, namespace: flux-system}\nspec:\n  path: ./shop\n  postBuild:\n    substitute:\n      replicas: "2" # of prod\n    substituteFrom:\n      - {kind: ConfigMap, name: vars}\n';
    const vars = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  tag: "1.0"\n';
    const web = deployment.replace('replicas: 2 ', 'replicas: ${replicas} ').replace('web:1.0', 'web:${tag}');
    const files = {
      'plumbline.yaml': configOfPaths('fluxed', 'shop', 'lost'),
      'shop/web.yaml': web,
      'lost/web.yaml': web.replace('name: web\n  labels', 'name: lost\n  labels'),
      'clusters/prod/shop.yaml': `${build}---\n${build.replaceAll('shop', 'lost').replace('name: vars', 'name: sealed')}`,
      'clusters/prod/vars.yaml': vars,
    };
    const shop = await opened(plane, t, 'fluxed', files, () =>
      plane.kubectl(['apply', '--server-side', '-n', 'fluxed', '-f', '-'], deployment),
    );
    const rows = shop.engine.applications().filter(({ environment }) => environment === 'prod');
    assert.deepEqual(
      rows.map(({ name, state, reasons }) => [name, state, reasons[0]?.code]),
      [
        ['shop', 'synced', undefined],
        ['lost', 'cannot compare', 'variables-missing'],
      ],
    );
    await run('scale', 'deployment/web', '-n', 'fluxed', '--replicas=5');
    await run('set', 'image', '-n', 'fluxed', 'deployment/web', 'web=registry.example/web:1.1');
    const targets = [
      await shop.field('prod/shop', 'Deployment/web', 'spec.replicas'),
      await shop.field('prod/shop', 'Deployment/web', 'spec.template.spec.containers[name=web].image'),
    ];
    const plan = await shop.plan({ targets });
    assert.deepEqual([plan.refused, plan.choices], [[], []]);
    await carryOut(shop.repo, plan);
    assert.equal(
      await readFile(join(shop.repo, 'clusters/prod/shop.yaml'), 'utf8'),
      files['clusters/prod/shop.yaml'].replace('replicas: "2"', 'replicas: "5"'),
    );
    assert.equal(await readFile(join(shop.repo, 'clusters/prod/vars.yaml'), 'utf8'), vars.replace('"1.0"', '"1.1"'));
  });

  test('HelmRelease and Application: a live value goes into what they say, with its comments', async (t) => {
    const release = (name: string, values: string): string =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: ${name}, namespace: deployed}\nspec:\n  chart:\n    spec:\n      chart: ./chart\n      sourceRef: {kind: GitRepository, name: repo}\n  valuesFrom: [{kind: ConfigMap, name: settings}]\n${values}`;
    const application = (name: string, source: string): string =>
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}, namespace: argocd}\nspec:\n  destination: {namespace: deployed}\n  source:\n${source}`;
    const files = {
      'plumbline.yaml': configOfPaths('deployed', 'chart', 'clusters').replace(
        '  - {name: chart, environment: prod, path: chart,',
        ['first', 'second', 'third'].map((name) => `  - {name: ${name}, environment: prod, path: chart, namespace: deployed}`).join('\n') +
          '\n  - {name: front, environment: prod, path: front,',
      ),
      'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
      'chart/values.yaml': 'replicas: 2\nready: 1\n',
      'chart/templates/web.yaml': deployment
        .replace('name: web\n  labels', 'name: {{ .Release.Name }}-web\n  labels')
        .replace('replicas: 2 ', 'minReadySeconds: {{ .Values.ready }}\n  replicas: {{ .Values.replicas }} '),
      'front/kustomization.yaml': 'resources: [web.yaml]\n',
      'front/web.yaml': deployment.replace('name: web\n  labels', 'name: front\n  labels'),
      'clusters/first.yaml': release('first', '  values:\n    replicas: 3 # of first\n'),
      'clusters/second.yaml': release('second', '  values: {replicas: 3}\n'),
      'clusters/settings.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: deployed}\ndata:\n  values.yaml: |\n    # of all\n    ready: 5 # ours\n',
      'clusters/third.yaml': application(
        'third',
        '    path: chart\n    helm:\n      values: |\n        # of third\n        replicas: 3 # three\n',
      ),
      'clusters/front.yaml': application(
        'front',
        '    path: front\n    kustomize:\n      images:\n        - registry.example/web:1.0 # ours\n',
      ),
    };
    const shop = await opened(plane, t, 'deployed', files, async () => {
      for (const name of ['first', 'second', 'third']) {
        const text = await helm(
          ['template', name, 'chart', '-n', 'deployed', '--set', `replicas=3,ready=${name === 'third' ? '1' : '5'}`],
          {},
        );
        await plane.kubectl(['apply', '--server-side', '-n', 'deployed', '-f', '-'], text);
      }
      await run('apply', '--server-side', '-n', 'deployed', '-f', 'front/web.yaml');
    });
    const states = shop.engine.applications().filter(({ environment, name }) => environment === 'prod' && name !== 'clusters');
    assert.deepEqual(
      states.map(({ name, state }) => `${name} ${state}`),
      ['first synced', 'second synced', 'third synced', 'front synced'],
    );
    await run('scale', 'deployment/first-web', 'deployment/third-web', '-n', 'deployed', '--replicas=4');
    await run('set', 'image', '-n', 'deployed', 'deployment/front', 'web=registry.example/web:2.0');
    await run('patch', '-n', 'deployed', 'deployment/first-web', '--type=merge', '-p', '{"spec":{"minReadySeconds":6}}');
    const inText = (name: string, from: string): readonly [string, number] => {
      const text = (files as Readonly<Record<string, string>>)[name] ?? '';
      return [name, text.slice(0, text.indexOf(from)).split('\n').length - 1];
    };
    const lines = [
      inText('clusters/first.yaml', 'replicas: 3'),
      inText('clusters/third.yaml', 'replicas: 3'),
      inText('clusters/front.yaml', '- registry.example'),
      inText('clusters/settings.yaml', 'ready:'),
    ];
    for (const [file, line] of lines) {
      await until(shop.engine, `${file} is marked`, () =>
        shop.engine.marks(join(shop.repo, file)).some(({ range }) => range.startLine === line),
      );
    }
    const image = 'spec.template.spec.containers[name=web].image';
    const targets = [
      await shop.field('prod/first', 'Deployment/first-web', 'spec.replicas'),
      await shop.field('prod/third', 'Deployment/third-web', 'spec.replicas'),
      await shop.field('prod/front', 'Deployment/front', image),
    ];
    const plan = await shop.plan({ targets });
    assert.deepEqual([plan.refused, plan.choices], [[], []]);
    const ready = await shop.field('prod/first', 'Deployment/first-web', 'spec.minReadySeconds');
    // What another HelmRelease takes, too, is asked about; what only this one has goes into its own values.
    const shared = await shop.plan({ targets: [ready] });
    assert.deepEqual([shared.edits.map(({ range }) => range.file), shared.choices], [['clusters/settings.yaml'], ['source', 'overlay']]);
    const own = await shop.plan({ targets: [ready], place: 'overlay' });
    await carryOut(shop.repo, plan);
    const read = (file: string): Promise<string> => readFile(join(shop.repo, file), 'utf8');
    assert.deepEqual(
      [await read('clusters/first.yaml'), await read('clusters/third.yaml'), await read('clusters/front.yaml')],
      [
        files['clusters/first.yaml'].replace('replicas: 3 #', 'replicas: 4 #'),
        files['clusters/third.yaml'].replace('replicas: 3 #', 'replicas: 4 #'),
        files['clusters/front.yaml'].replace('web:1.0', 'web:2.0'),
      ],
    );
    assert.deepEqual(
      own.edits.map(({ range, newText }) => [range.file, newText]),
      [['clusters/first.yaml', '\n    ready: 6']],
    );
    // Typing in a HelmRelease shows at once what it would change.
    const typed = (await read('clusters/first.yaml')).replace('replicas: 4', 'replicas: 7');
    shop.engine.setBuffer(join(shop.repo, 'clusters/first.yaml'), typed);
    await until(shop.engine, 'the unsaved value is told', () =>
      shop.engine.marks(join(shop.repo, 'clusters/first.yaml')).some(({ working, range }) => working === '7' && range.startLine === 10),
    );
    shop.engine.setBuffer(join(shop.repo, 'clusters/first.yaml'), undefined);
    const places = async (found: Promise<readonly { file: string; startLine: number }[]>): Promise<unknown> =>
      (await found).map(({ file, startLine }) => `${file.slice(shop.repo.length + 1)}:${String(startLine)}`);
    assert.deepEqual(await places(shop.engine.editor.definition(join(shop.repo, 'clusters/first.yaml'), 6, 16)), ['chart/Chart.yaml:0']);
    assert.deepEqual(
      [
        await places(shop.engine.editor.references(join(shop.repo, 'clusters/settings.yaml'), 0)),
        await places(shop.engine.editor.references(join(shop.repo, 'clusters/first.yaml'), 10)),
      ],
      [
        ['clusters/first.yaml:8', 'clusters/second.yaml:8', 'plumbline.yaml:5', 'plumbline.yaml:6', 'plumbline.yaml:9'],
        ['plumbline.yaml:5', 'plumbline.yaml:9', 'chart/templates/web.yaml:8'],
      ],
    );
  });
}
