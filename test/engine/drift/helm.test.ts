import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { decodeRelease, deployedReleaseSelector, newestDeployed, releaseBaseline } from '../../../src/engine/drift/helmRelease.ts';
import { arrayAt, isJsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import { isKubeObject, keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { helm } from '../../tools/binaries.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';

let fixture: Fixture;
let folder: string;

before(async () => {
  fixture = await startFixture();
  folder = await mkdtemp(join(tmpdir(), 'chart-'));
  await mkdir(join(folder, 'templates'));
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  const objects = Object.values(manifests('{{ .Release.Namespace }}')).filter((object) => object.kind !== 'Job');
  await writeFile(join(folder, 'templates', 'all.yaml'), objects.map((object) => `---\n${JSON.stringify(object, null, 2)}\n`).join(''));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await fixture.stop();
});

/** The chart's objects as a namespace gets them. */
function rendered(namespace: string): readonly KubeObject[] {
  return Object.values(manifests(namespace)).filter((object) => object.kind !== 'Job');
}

async function install(namespace: string, isServerSide: boolean): Promise<void> {
  await helm(['install', 'shop', folder, '-n', namespace, '--create-namespace', `--server-side=${isServerSide}`], {
    kubeconfig: fixture.plane.kubeconfigPath,
  });
}

/** The release's objects from the cluster, as the engine reads them. */
async function releaseObjects(namespace: string): Promise<readonly KubeObject[]> {
  const selector = encodeURIComponent(deployedReleaseSelector('shop'));
  const { body } = await fixture.admin.call('GET', `/api/v1/namespaces/${namespace}/secrets?labelSelector=${selector}`);
  const secrets = arrayAt(body, 'items').flatMap((item) => {
    const secret = isJsonObject(item) ? { apiVersion: 'v1', kind: 'Secret', ...item } : item;
    return isKubeObject(secret) ? [secret] : [];
  });
  const release = newestDeployed(secrets);
  assert.equal(release?.version, 1);
  return parseAllDocuments(release.manifest).flatMap((document) => {
    const object = document.toJS() as JsonValue;
    return isKubeObject(object) ? [object] : [];
  });
}

for (const isServerSide of [true, false]) {
  const way = isServerSide ? 'Helm 4 (server-side apply)' : 'Helm 3 (three-way patches)';

  test(`${way}: an untouched release is in sync, nearly all without a dry-run`, async () => {
    const namespace = isServerSide ? 'helm-apply' : 'helm-update';
    await install(namespace, isServerSide);
    const base = await releaseObjects(namespace);
    const states: Record<string, string> = {};
    const asked: string[] = [];
    for (const object of rendered(namespace)) {
      const before = fixture.admin.dryRuns;
      const options = isServerSide ? {} : { baseline: releaseBaseline(base, keyOf(object), namespace) };
      const verdict = await fixture.judgeBoth(object, options);
      states[object.kind] = `${verdict.state} ${verdict.manager ?? ''}${lines(verdict).join(' | ')}`;
      if (fixture.admin.dryRuns > before) asked.push(object.kind);
    }
    assert.deepEqual(states, Object.fromEntries(rendered(namespace).map((object) => [object.kind, 'synced helm'])));
    assert.ok(asked.length <= 1, asked.join(', '));
  });

  test(`${way}: edits, and what a newer chart changes`, async () => {
    const namespace = isServerSide ? 'helm-apply-edited' : 'helm-update-edited';
    await install(namespace, isServerSide);
    const base = await releaseObjects(namespace);
    const { service, deployment } = manifests(namespace);
    assert.ok(service !== undefined && deployment !== undefined);
    const judge = async (object: KubeObject): Promise<Verdict> =>
      fixture.judgeBoth(object, isServerSide ? {} : { baseline: releaseBaseline(base, keyOf(object), namespace) });
    await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=5']);
    const labels = { app: 'web' };
    const drifted = await judge(deployment);
    const moved = await judge({ ...service, metadata: { ...service.metadata, labels } });
    assert.deepEqual(
      [drifted.state, lines(drifted), moved.state, lines(moved)],
      [
        'drifted',
        ['drifted changed spec.replicas: 2 -> 5 by kubectl/scale'],
        'out of sync',
        ['out of sync added metadata.labels["app.kubernetes.io/part-of"]: - -> "shop" by helm'],
      ],
    );
  });
}

test('a Helm 3 release whose record may not be read is unverified', async () => {
  const namespace = 'helm-unreadable';
  await install(namespace, false);
  const { deployment } = manifests(namespace);
  assert.ok(deployment !== undefined);
  const verdict = await fixture.judgeBoth(deployment);
  assert.deepEqual([verdict.state, verdict.reason?.code], ['unverified', 'no-baseline']);
  const broken: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x' },
    type: 'helm.sh/release.v1',
    data: { release: 'eA==' },
  };
  assert.deepEqual([decodeRelease(broken), newestDeployed([broken])], [undefined, undefined]);
});
