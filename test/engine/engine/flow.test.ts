import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml, deploymentYaml } from '../../tools/manifests.ts';
import { kubectl } from '../../tools/binaries.ts';
import { git, objectOf, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
});
after(() => plane.stop());

const webYaml = `# The web tier.
${deploymentYaml({ replicas: '2 # two are enough', image: 'nginx:1.27' })}---
apiVersion: v1
kind: Secret
metadata:
  name: web
stringData:
  password: in-git-canary
`;

/** A repo with one application in a namespace of its own, applied by kubectl, pushed to a bare origin. */
async function deployed(
  t: TestContext,
  namespace: string,
  applyArgs: readonly string[] = [],
): Promise<{ repo: string; engine: Engine; storage: string }> {
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'apps/shop', namespace }], { clusterUid: uid }),
    'apps/shop/web.yaml': webYaml,
  });
  await git(repo, 'init', '-q', '--bare', '-b', 'main', '../origin.git');
  await git(repo, 'remote', 'add', 'origin', '../origin.git');
  await git(repo, 'push', '-q', '-u', 'origin', 'main');
  await run('create', 'namespace', namespace);
  await run('apply', '-n', namespace, ...applyArgs, '-f', join(repo, 'apps/shop'));
  const storage = join(repo, '../storage');
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath), storage);
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'prod/shop').state, 'synced', JSON.stringify(engine.objects('prod/shop')));
  return { repo, engine, storage };
}

for (const [name, applyArgs] of [
  ['client-side', []],
  ['server-side', ['--server-side']],
] as const) {
  test(`a live edit is marked on its line with who did it, and reverted there: ${name} apply`, async (t) => {
    const namespace = `flow-${name}`;
    const { repo, engine } = await deployed(t, namespace, applyArgs);
    const file = join(repo, 'apps/shop/web.yaml');
    await run('-n', namespace, 'scale', 'deployment/web', '--replicas=5');
    await run('-n', namespace, 'set', 'image', 'deployment/web', 'web=nginx:1.28');
    await until(engine, 'two marks', () => engine.marks(file).length === 2);
    assert.deepEqual(
      engine
        .marks(file)
        .map(({ range, kind, git: fromGit, live, manager, fieldId }) => ({ line: range.startLine, kind, fromGit, live, manager, fieldId })),
      [
        { line: 6, kind: 'changed', fromGit: '2', live: '5', manager: 'kubectl', fieldId: 'spec.replicas' },
        {
          line: 15,
          kind: 'changed',
          fromGit: 'nginx:1.27',
          live: 'nginx:1.28',
          manager: 'kubectl-set',
          fieldId: 'spec.template.spec.containers[name=web].image',
        },
      ],
    );
    const key = objectOf(engine, 'prod/shop', 'Deployment/web').key;
    const { signal } = new AbortController();
    const field = await engine.planRevert([{ applicationId: 'prod/shop', object: key, fields: ['spec.replicas'] }], signal);
    assert.deepEqual(
      field.plans.map(({ steps, namespaces, context }) => ({
        context,
        namespaces,
        steps: steps.filter((step) => step.action === 'configure').length,
      })),
      [{ context: 'plumbline-dev', namespaces: [namespace], steps: 1 }],
      JSON.stringify(field),
    );
    const results = await engine.execute(field.plans[0]?.id ?? '', () => undefined, signal);
    assert.deepEqual(
      results.map((result) => result.outcome),
      ['done'],
      JSON.stringify(results),
    );
    await until(engine, 'only the image is left', () => engine.marks(file).length === 1);
    assert.equal(
      await run('-n', namespace, 'get', 'deployment/web', '-o', 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}'),
      '2 nginx:1.28',
    );
    const all = await engine.planRevert([{ applicationId: 'prod/shop' }], signal);
    for (const plan of all.plans) await engine.execute(plan.id, () => undefined, signal);
    await until(engine, 'in sync again', () => rowOf(engine, 'prod/shop').state === 'synced');
    await until(engine, 'no marks are left', () => engine.marks(file).length === 0);
    await assert.rejects(
      engine.execute(all.plans[0]?.id ?? '', () => undefined, signal),
      { code: 'unknown-plan' },
    );
  });
}

test('marks move with unsaved text, a line edited since shows as edited, and closing the buffer brings them back', async (t) => {
  const { repo, engine } = await deployed(t, 'flow-buffer');
  const file = join(repo, 'apps/shop/web.yaml');
  await run('-n', 'flow-buffer', 'scale', 'deployment/web', '--replicas=5');
  await until(engine, 'a mark', () => engine.marks(file).length === 1);
  const lineAndEdited = (): [number | undefined, boolean | undefined] => [
    engine.marks(file)[0]?.range.startLine,
    engine.marks(file)[0]?.isEdited,
  ];
  engine.setBuffer(file, `# one more line\n${webYaml}`);
  await until(engine, 'the mark is a line below', () => lineAndEdited()[0] === 7);
  await until(engine, 'the application has edits', () => rowOf(engine, 'prod/shop').isEdited);
  engine.setBuffer(file, webYaml.replace('replicas: 2', 'replicas: 3'));
  await until(engine, 'the line is edited', () => lineAndEdited()[1] === true);
  assert.equal(lineAndEdited()[0], 6);
  engine.setBuffer(file, undefined);
  await until(engine, 'as on disk', () => lineAndEdited()[0] === 6 && lineAndEdited()[1] === false);
  await until(engine, 'no edits', () => !rowOf(engine, 'prod/shop').isEdited);
});

test('a push by others makes it out of sync, the checked-out branch does not count, and a deleted object is missing', async (t) => {
  const { repo, engine } = await deployed(t, 'flow-git');
  await git(repo, 'checkout', '-q', '-b', 'experiment');
  await writeFiles(repo, { 'apps/shop/web.yaml': webYaml.replace('1.27', '1.29') });
  await git(repo, 'commit', '-qam', 'try 1.29');
  await git(repo, 'push', '-q', 'origin', 'experiment:main');
  await engine.refresh(undefined, { fetch: true }, new AbortController().signal);
  await until(engine, 'out of sync', () => rowOf(engine, 'prod/shop').state === 'out of sync');
  const waiting = () => engine.marks(join(repo, 'apps/shop/web.yaml')).find((each) => each.kind === 'out-of-sync');
  await until(engine, 'the line waits', () => waiting() !== undefined);
  const mark = waiting();
  assert.deepEqual([mark?.live, mark?.git, mark?.range.startLine], ['nginx:1.27', 'nginx:1.29', 15]);
  await run('-n', 'flow-git', 'delete', 'secret/web');
  await until(engine, 'the Secret is missing', () => objectOf(engine, 'prod/shop', 'Secret/web').state === 'missing');
});

test('the sides of an object: live shows what counts, Secrets stay masked, and a secret value is nowhere', async (t) => {
  const { engine, storage, repo } = await deployed(t, 'flow-sides');
  const { signal } = new AbortController();
  await run('-n', 'flow-sides', 'scale', 'deployment/web', '--replicas=4');
  await run(
    '-n',
    'flow-sides',
    'patch',
    'secret/web',
    '--type=merge',
    '-p',
    '{"stringData":{"password":"live-canary-1","extra":"live-canary-2"}}',
  );
  await until(engine, 'both drifted', () => rowOf(engine, 'prod/shop').driftedObjects === 2);
  const seen: string[] = [];
  for (const { key } of engine.objects('prod/shop')) {
    for (const side of ['live', 'target', 'HEAD', 'working tree'] as const) {
      for (const allFields of [false, true]) seen.push((await engine.sideDocument('prod/shop', key, side, allFields, signal)).text);
    }
    seen.push((await engine.liveYaml('plumbline-dev', key.startsWith('apps') ? 'apps/v1' : 'v1', key, signal)).text);
  }
  const key = objectOf(engine, 'prod/shop', 'Deployment/web').key;
  const [live, target] = await Promise.all([
    engine.sideDocument('prod/shop', key, 'live', false, signal),
    engine.sideDocument('prod/shop', key, 'target', false, signal),
  ]);
  assert.equal(live.text.replace('replicas: 4', 'replicas: 2'), target.text);
  seen.push(
    JSON.stringify([engine.applications(), engine.objects('prod/shop'), engine.marks(join(repo, 'apps/shop/web.yaml')), engine.clusters()]),
  );
  seen.push(JSON.stringify(await engine.planRevert([{ applicationId: 'prod/shop' }], signal)));
  for (const entry of await readdir(storage, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) seen.push((await readFile(join(entry.parentPath, entry.name))).toString('latin1'));
  }
  const canaries = ['in-git-canary', 'live-canary-1', 'live-canary-2'].flatMap((value) => [value, Buffer.from(value).toString('base64')]);
  assert.deepEqual(
    canaries.filter((canary) => seen.some((text) => text.includes(canary))),
    [],
  );
});
