import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test, type TestContext } from 'node:test';
import { type CodeAction, type CodeLens, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';
import { parse, stringify } from 'yaml';
import type { EngineSettings } from '../../../src/engine/model/settings.ts';
import type { ApplicationRow } from '../../../src/engine/model/snapshot.ts';
import type { SnapshotPage, Stamp } from '../../../src/protocol/messages.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { atEnd, settingsFor, testFolder, testRepo } from '../engine/support.ts';
import { descendants, EngineProcess, isRunning } from './engineProcess.ts';

let plane: ControlPlane;
let uid: string;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
});
after(() => plane.stop());

const settingsYaml = (namespace: string): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: ${namespace}
data:
  colour: blue
  size: small
`;

/** Two applications in a namespace of their own, both applied. */
async function deployed(t: TestContext, namespace: string): Promise<{ repo: string; file: string; storagePath: string }> {
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml(
      [
        { name: 'shop', path: 'shop', namespace },
        { name: 'other', path: 'other', namespace },
      ],
      { clusterUid: uid },
    ),
    'shop/settings.yaml': settingsYaml(namespace),
    'other/cm.yaml': settingsYaml(namespace).replace('name: settings', 'name: other'),
  });
  await run('create', 'namespace', namespace);
  await run('apply', '--server-side', '-f', join(repo, 'shop'), '-f', join(repo, 'other'));
  return { repo, file: join(repo, 'shop', 'settings.yaml'), storagePath: join(await testFolder(t), 'storage') };
}

const patch = (namespace: string, colour: string): Promise<string> =>
  run('patch', 'configmap', 'settings', '-n', namespace, '--type=merge', '-p', JSON.stringify({ data: { colour } }));

async function pull(engine: EngineProcess, since?: Stamp): Promise<SnapshotPage> {
  const first = await engine.request('plumbline/snapshot', since === undefined ? {} : { since });
  const pages = [first];
  for (let { cursor } = first; cursor !== undefined;) {
    const page = await engine.request('plumbline/snapshot', since === undefined ? { cursor } : { since, cursor });
    pages.push(page);
    cursor = page.cursor;
  }
  return { ...first, applications: pages.flatMap((page) => page.applications) };
}

const stampOf = ({ epoch, version }: Stamp): Stamp => ({ epoch, version });
const summary = ({ isFull, applications, removed }: SnapshotPage): unknown => [
  isFull,
  applications.map(({ id, state }) => `${id} ${state}`).sort(),
  removed,
];

async function rowOf(engine: EngineProcess, id: string): Promise<ApplicationRow | undefined> {
  return (await pull(engine)).applications.find((row) => row.id === id);
}

async function untilState(engine: EngineProcess, id: string, state: string): Promise<void> {
  await engine.until(`${id} ${state}`, async () => (await rowOf(engine, id))?.state === state);
}

/** Starts the server and shows the view, as the editor does. */
async function start(t: TestContext, folder: string, storagePath: string, over: Partial<EngineSettings> = {}): Promise<EngineProcess> {
  const engine = await EngineProcess.start(t, { folder, storagePath, settings: settingsFor(plane.kubeconfigPath, over) });
  await engine.notify('plumbline/interest', { applicationIds: [], isViewVisible: true });
  return engine;
}

/** What a request is refused with. */
async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ResponseError, String(error));
  const { code } = (error.data ?? {}) as { code?: string };
  return [error.code, code];
}

test('snapshots: everything first, then what changed, everything again after a gap', async (t) => {
  const { repo, storagePath } = await deployed(t, 'snapshots');
  const engine = await start(t, repo, storagePath);
  t.diagnostic(`ready after ${engine.readyMs.toFixed(0)} ms`);
  const { hoverProvider, codeActionProvider, codeLensProvider, textDocumentSync } = engine.initialized.capabilities;
  assert.deepEqual(
    [hoverProvider, codeActionProvider, codeLensProvider, textDocumentSync],
    [true, true, { resolveProvider: false }, { openClose: true, change: 2 }],
  );
  await untilState(engine, 'prod/shop', 'synced');
  await untilState(engine, 'prod/other', 'synced');
  await engine.until('nothing is compared', async () => (await pull(engine)).applications.every((row) => !row.isComparing));
  const full = await pull(engine);
  assert.deepEqual(summary(full), [true, ['prod/other synced', 'prod/shop synced'], []]);
  assert.deepEqual([full.clusters.map(({ status }) => status), full.repos.map(({ root }) => root)], [['connected'], [repo]]);

  const seen = engine.changes.length;
  await patch('snapshots', 'red');
  await engine.until('told of the change', () => engine.changes.slice(seen).some((change) => change.applicationIds.includes('prod/shop')));
  await untilState(engine, 'prod/shop', 'drifted');
  const delta = await pull(engine, stampOf(full));
  assert.deepEqual([delta.isFull, delta.applications.find(({ id }) => id === 'prod/shop')?.state], [false, 'drifted']);
  assert.deepEqual([delta.epoch === full.epoch, delta.version > full.version], [true, true]);
  const changes = engine.changes.map(({ version }) => version);
  assert.deepEqual(
    changes,
    [...changes].sort((a, b) => a - b),
  );

  await engine.until('nothing new', async () => {
    const { isFull, applications, removed } = await pull(engine, stampOf(await pull(engine)));
    return !isFull && applications.length + removed.length === 0;
  });
  for (const gap of [
    { ...stampOf(delta), version: delta.version + 1_000 },
    { ...stampOf(delta), version: -1_000 },
    { epoch: 'other', version: 1 },
  ]) {
    assert.deepEqual(summary(await pull(engine, gap)), [true, ['prod/other synced', 'prod/shop drifted'], []]);
  }

  const config = await readFile(join(repo, 'plumbline.yaml'), 'utf8');
  await writeFile(join(repo, 'plumbline.yaml'), config.replace(/\n.*name: other.*\n/, '\n'));
  await engine.until('told of what is gone', async () => (await pull(engine, stampOf(delta))).removed.includes('prod/other'));
  assert.equal(await rowOf(engine, 'prod/other'), undefined);
});

test('an open file: marks that follow edits, Problems, hover, actions, lens, sides, and the way back', async (t) => {
  const { repo, file, storagePath } = await deployed(t, 'editor');
  await patch('editor', 'red');
  const engine = await start(t, repo, storagePath);
  const textDocument = { uri: pathToFileURL(file).href };
  const text = settingsYaml('editor');
  await engine.connection.sendNotification('textDocument/didOpen', {
    textDocument: { ...textDocument, languageId: 'yaml', version: 1, text },
  });
  await untilState(engine, 'prod/shop', 'drifted');
  const lines = (): unknown => engine.marks(file).map((mark) => [mark.kind, mark.fieldId, mark.range.startLine, mark.git, mark.live]);
  await engine.until('marks', () => engine.marks(file).length > 0 && engine.diagnostics(file).length > 0);
  assert.deepEqual(lines(), [['changed', 'data.colour', 6, 'blue', 'red']]);
  const [problem] = engine.diagnostics(file);
  assert.deepEqual([problem?.source, problem?.severity, problem?.range.start.line], ['Plumbline', 3, 6]);
  assert.match(
    JSON.stringify(problem?.message),
    /ConfigMap\/settings data\.colour is red in shop \(prod\), blue in Git, changed by kubectl-patch/,
  );

  const position = { line: 6, character: 4 };
  const hover = await engine.connection.sendRequest('textDocument/hover', { textDocument, position });
  assert.match(JSON.stringify(hover), /blue.*red.*kubectl.patch/);
  assert.equal(await engine.connection.sendRequest('textDocument/hover', { textDocument, position: { line: 100, character: 0 } }), null);
  const range = { start: position, end: position };
  const context = { diagnostics: [] };
  let actions: CodeAction[] = [];
  // A menu waits only shortly for what a rule would hide.
  await engine.until('the rule is evaluated before it is offered', async () => {
    actions = await engine.connection.sendRequest<CodeAction[]>('textDocument/codeAction', { textDocument, range, context });
    return actions.some(({ title }) => title.includes('a rule in'));
  });
  assert.deepEqual(
    actions.map(({ title, command }) => [title, command?.command]),
    [
      ['Revert live colour to Git in prod', 'plumbline.revert'],
      ['Adopt live colour from prod into the file', 'plumbline.adopt'],
      ['Ignore colour of ConfigMap/settings in prod: a rule in plumbline.yaml', 'plumbline.ignoreField'],
      ['Remove colour from Git in prod', 'plumbline.removeFromGit'],
      ['Open diff of ConfigMap/settings: prod live ↔ Git', 'plumbline.openDiff'],
    ],
  );
  const lenses = await engine.connection.sendRequest<CodeLens[]>('textDocument/codeLens', { textDocument });
  assert.match(lenses[0]?.command?.title ?? '', /^drifted: prod\/shop · target [0-9a-f]{7}$/);

  const insertion = { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: '# one\n# two\n' };
  await engine.connection.sendNotification('textDocument/didChange', {
    textDocument: { ...textDocument, version: 2 },
    contentChanges: [insertion],
  });
  await engine.until('marks moved', () => engine.marks(file)[0]?.range.startLine === 8);
  await engine.until('Problems moved', () => engine.diagnostics(file)[0]?.range.start.line === 8);
  await engine.until('edited', async () => (await rowOf(engine, 'prod/shop'))?.isEdited === true);

  const [mark] = engine.marks(file);
  const { applicationId = '', objectKey: key = '' } = mark ?? {};
  const side = (name: 'live' | 'target' | 'working tree'): Promise<{ text: string; exists: boolean }> =>
    engine.request('plumbline/sideDocument', { applicationId, key, side: name, allFields: false });
  const [live, target, edited] = await Promise.all([side('live'), side('target'), side('working tree')]);
  assert.deepEqual(
    [live, target, edited].map((document) => (parse(document.text) as { data: unknown }).data),
    [
      { colour: 'red', size: 'small' },
      { colour: 'blue', size: 'small' },
      { colour: 'blue', size: 'small' },
    ],
  );

  const { plans, refused } = await engine.request('plumbline/planRevert', { targets: [{ applicationId, object: key }] });
  assert.deepEqual(
    [refused, plans.map((plan) => plan.steps.map((step) => [step.action, step.fields.map(({ id }) => id)]))],
    [[], [[['configure', ['data.colour']]]]],
  );
  const { results } = await engine.request('plumbline/execute', { planIds: plans.map(({ id }) => id) });
  assert.deepEqual(
    results.map(({ outcome, reason }) => [outcome, reason]),
    [['done', undefined]],
  );
  await engine.until('progress', () => engine.progress.some(({ done, total }) => done === total));
  assert.equal(await run('get', 'configmap', 'settings', '-n', 'editor', '-o', 'jsonpath={.data.colour}'), 'blue');
  await untilState(engine, 'prod/shop', 'synced');
  await engine.until('no marks', () => engine.marks(file).length === 0 && engine.diagnostics(file).length === 0);
  await engine.connection.sendNotification('textDocument/didClose', { textDocument });
  await engine.until('not edited', async () => (await rowOf(engine, 'prod/shop'))?.isEdited === false);
});

test('trust and settings count without a restart; what is refused has a code', async (t) => {
  const { repo, storagePath } = await deployed(t, 'trust');
  await patch('trust', 'red');
  const engine = await start(t, repo, storagePath, { isTrusted: false });
  await engine.until('listed', async () => (await rowOf(engine, 'prod/shop')) !== undefined);
  assert.deepEqual(await descendants(engine.pid), []);
  const plan = (): Promise<unknown> => engine.request('plumbline/planRevert', { targets: [{ applicationId: 'prod/shop' }] });
  assert.deepEqual(await refusal(plan()), [LSPErrorCodes.RequestFailed, 'workspace-untrusted']);
  const { pid } = engine;
  await engine.notify('plumbline/settings', settingsFor(plane.kubeconfigPath));
  await untilState(engine, 'prod/shop', 'drifted');
  assert.equal(engine.pid, pid);
  const unknown = engine.request('plumbline/planRevert', { targets: [{ applicationId: 'prod/none' }] });
  assert.deepEqual(await refusal(unknown), [LSPErrorCodes.RequestFailed, 'unknown-application']);
  await engine.notify('plumbline/settings', settingsFor(plane.kubeconfigPath, { isTrusted: false }));
  assert.deepEqual(await refusal(plan()), [LSPErrorCodes.RequestFailed, 'workspace-untrusted']);
});

test('a request that hangs is cancelled at once, and others are answered meanwhile', async (t) => {
  const { repo, storagePath } = await deployed(t, 'cancel');
  const sockets = new Set<net.Socket>();
  const silent = net.createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  await new Promise((resolve) => silent.once('listening', resolve));
  const config = parse(await readFile(plane.kubeconfigPath, 'utf8')) as Record<
    'clusters' | 'contexts' | 'users',
    { name: string; [field: string]: unknown }[]
  >;
  config.clusters.push({ name: 'silent', cluster: { server: `http://127.0.0.1:${String((silent.address() as AddressInfo).port)}` } });
  config.contexts.push({ name: 'silent', context: { cluster: 'silent', user: config.users[0]?.name } });
  const kubeconfig = join(await testFolder(t), 'config');
  await writeFile(kubeconfig, stringify(config));
  const engine = await start(t, repo, storagePath, { kubeconfig: [kubeconfig] });
  await untilState(engine, 'prod/shop', 'synced');
  const { CancellationTokenSource } = await import('vscode-languageserver/node');
  const source = new CancellationTokenSource();
  const hanging = engine.connection.sendRequest('plumbline/namespaces', { context: 'silent' }, source.token);
  hanging.catch(() => undefined);
  await engine.until('the cluster is asked', () => sockets.size > 0);
  assert.equal((await pull(engine)).applications.length, 2);
  source.cancel();
  // The cluster never answers: only the cancelling ends the request.
  assert.deepEqual(await refusal(hanging), [LSPErrorCodes.RequestCancelled, undefined]);
});

test('shutdown, a lost editor and a killed engine leave nothing running; the next engine starts a new epoch', async (t) => {
  const { repo, storagePath } = await deployed(t, 'ends');
  const epochs: string[] = [];
  const ends: unknown[] = [];
  for (const end of ['shutdown', 'disconnect', 'kill'] as const) {
    const engine = await start(t, repo, storagePath);
    await untilState(engine, 'prod/shop', 'synced');
    const page = await pull(engine, { epoch: epochs.at(-1) ?? 'none', version: 1 });
    assert.equal(page.isFull, true);
    epochs.push(page.epoch);
    const children = await descendants(engine.pid);
    assert.notDeepEqual(children, [], 'git answers requests for objects');
    if (end === 'shutdown') {
      await engine.connection.sendRequest('shutdown');
      await engine.connection.sendNotification('exit');
    } else if (end === 'disconnect') engine.disconnect();
    else engine.kill();
    ends.push([end, await engine.ended()]);
    for (const pid of children) await engine.until(`process ${String(pid)} ended`, async () => !(await isRunning(pid)));
  }
  assert.deepEqual(ends, [
    ['shutdown', { code: 0, signal: null }],
    ['disconnect', { code: 1, signal: null }],
    ['kill', { code: null, signal: 'SIGKILL' }],
  ]);
  assert.equal(new Set(epochs).size, 3);
});
