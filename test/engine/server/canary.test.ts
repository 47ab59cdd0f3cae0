import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { settingsFor, testFolder } from '../engine/support.ts';
import { Canaries } from './canaries.ts';
import { CanaryRun } from './canaryRun.ts';
import { NAMESPACE, plantSecrets } from './canaryWorld.ts';
import { EngineProcess } from './engineProcess.ts';

// Values that are secret are planted wherever Plumbline reads; then everything that it says, prints and writes is searched for them.
const protocolFolder = fileURLToPath(new URL('../../../src/protocol', import.meta.url));

let plane: ControlPlane;
const canaries = new Canaries();

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

/** The names of all requests of the client, as the protocol's interfaces list them. */
async function requestNames(): Promise<readonly string[]> {
  const names: string[] = [];
  for (const file of await readdir(protocolFolder)) {
    const text = await readFile(join(protocolFolder, file), 'utf8');
    for (const [, name, body] of text.matchAll(/^export interface (\w*Requests)\b.*?\{\n(.*?)^\}/gms)) {
      if (name !== 'ServerRequests') for (const [, request] of (body ?? '').matchAll(/^ {2}'([^']+)':/gm)) names.push(request ?? '');
    }
  }
  return names.sort();
}

const READING = [
  'apps',
  'render --app kust',
  'diff',
  'plan --app plain',
  'plan --take-over',
  'ignored',
  'history',
  'rollback --app plain',
  'revert',
];
const WRITING = ['sync --app kust --yes', 'sync --app chart'];

/** Runs each command of the terminal in each format; what is found in what it prints and leaves behind. */
async function runCli(t: TestContext, repo: string): Promise<readonly string[]> {
  const folder = await testFolder(t);
  const { signal } = new AbortController();
  const found: string[] = [];
  const run = async (command: string): Promise<void> => {
    const printed: string[] = [];
    const print = (text: string): void => {
      printed.push(text);
    };
    await runProgram({
      argv: command.split(' '),
      cwd: repo,
      variables: { ...process.env, KUBECONFIG: plane.kubeconfigPath, XDG_CACHE_HOME: join(folder, 'cache'), HOME: folder },
      output: { out: print, err: print },
      signal,
      isTerminal: false,
      version: '0.0.0',
      now: () => Date.now(),
    });
    found.push(...canaries.find(`plumbline ${command}`, printed.join('')));
    if (printed.length === 0) found.push(`nothing at all in plumbline ${command}`);
  };
  const inBothFormats = (command: string): readonly string[] => [command, `${command} --output json`];
  for (const command of [...READING, ...WRITING].flatMap(inBothFormats)) await run(command);
  return [...found, ...(await canaries.findInFolder(folder))];
}

test('what is secret is in no message, print, file or record, in no form', { timeout: 600_000 }, async (t) => {
  const repo = await plantSecrets(t, plane, canaries);
  const cli = await runCli(t, repo);
  const storagePath = join(await testFolder(t), 'storage');
  const said: string[] = [];
  const engine = await EngineProcess.start(t, {
    folder: repo,
    storagePath,
    settings: settingsFor(plane.kubeconfigPath),
    onOutput: (text) => said.push(text),
  });
  await engine.notify('plumbline/interest', { applicationIds: [], isViewVisible: true });
  await engine.until('everything is compared', async () => {
    const { applications } = await engine.request('plumbline/snapshot', {});
    return applications.length === 4 && applications.every(({ isComparing, state }) => !isComparing && state !== 'pending');
  });
  const before = JSON.stringify((await engine.request('plumbline/objects', { applicationId: 'prod/plain' })).objects);
  const run = new CanaryRun(engine, repo, plane.name);
  await run.everything(canaries);
  await engine.connection.sendRequest('shutdown');
  const names = await requestNames();
  assert.deepEqual([...run.sent].sort(), names, 'a request of the protocol that this run does not send');
  assert.deepEqual([...run.answered].sort(), names, 'a request that was only refused');
  const records = await plane
    .kubectl(['-n', NAMESPACE, 'get', 'configmaps,events,applications.app.k8s.io', '-o', 'yaml', '--ignore-not-found'])
    .catch(() => '');
  const found = [
    ...canaries.find('a message of the engine', said.join('\n')),
    ...(await canaries.findInFolder(storagePath)),
    ...cli,
    ...canaries.find('a record in the cluster', records),
  ];
  t.diagnostic(`searched ${said.length} messages of ${Math.round(said.join('').length / 1024)} kB`);
  // That the run met the secrets at all: drifted, refused and missing ones.
  assert.deepEqual(
    [/"state":"drifted"|"state":"differs"/.test(before), before.includes('denied-by-admission'), before.includes('"missing"'), found],
    [true, true, true, []],
  );
});
