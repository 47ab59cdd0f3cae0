import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { engineArguments } from '../../src/protocol/engineProcess.ts';
import { startControlPlane } from '../tools/controlPlane.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { type Cost, peerDiff } from './peerDiff.ts';
import type { Measurement } from './report.ts';
import { applyScale } from './scaleApply.ts';
import type { ScaleRun } from './scaleEngine.ts';
import { fileOf, scale, scaleRepo } from './scaleSet.ts';
import { Wire } from './wire.ts';

const program = fileURLToPath(new URL('scaleEngine.ts', import.meta.url));
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

const KINDS = ['active', 'many', 'peers', 'one'] as const;
type Kind = (typeof KINDS)[number];

/** What of the part is run. */
export interface ScaleOptions {
  readonly kinds: readonly Kind[];
  /** how many of the objects the peers compare */
  readonly peerObjects: number;
}

/**
 * Reads `--only=active,many,peers,one` and `--peer-objects=N`; `--quick` leaves the peers out.
 * @throws a plain error that names what cannot be read
 */
export function scaleOptions(args: readonly string[]): ScaleOptions {
  const valueOf = (name: string): string | undefined => args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
  const only = valueOf('--only')?.split(',');
  const unknown = only?.find((name) => !(KINDS as readonly string[]).includes(name));
  const peerObjects = Number(valueOf('--peer-objects') ?? scale.objects);
  if (unknown !== undefined) throw new Error(`--only: there is no '${unknown}'; there are ${KINDS.join(', ')}`);
  if (!(peerObjects > 0 && peerObjects <= scale.objects)) throw new Error('--peer-objects: a number from 1 to 10000');
  return { kinds: KINDS.filter((kind) => only?.includes(kind) ?? !(kind === 'peers' && args.includes('--quick'))), peerObjects };
}

/**
 * 10,000 objects of 60 kinds in 200 namespaces: as one application, as 500, and as 200 active ones of 8,000 known, each by the engine as it
 * is shipped in a process of its own; beside them both ways of `kubectl diff`, eight objects at a time, on all of them in one process, which
 * is its most favourable way. All go to the API server over the same wire, where their bytes are counted.
 */
export async function benchScale(options: ScaleOptions, note: (text: string) => void): Promise<readonly Measurement[]> {
  const { kinds } = options;
  const folder = await temporaryFolder('plumbline-scale-');
  const plane = await startControlPlane({ name: 'scale', isLasting: true });
  const wire = await Wire.open(plane.serverUrl);
  try {
    const repo = join(folder.path, 'repo');
    const uid = await plane.uid();
    await scaleRepo(repo, plane.name, uid.trim());
    note(`applying ${scale.objects} objects`);
    await applyScale(plane, note);
    const kubeconfig = await wire.kubeconfig(plane.kubeconfigPath, plane.serverUrl);
    const bundle = await bundleEngine(folder.path);
    const run = async (kind: Kind): Promise<EngineRun | undefined> => {
      if (!kinds.includes(kind)) return undefined;
      note(`engine: ${titles[kind]}`);
      const before = wire.bytes;
      const found = await engineRun([...engineArguments, bundle, repo, kubeconfig, join(folder.path, kind), kind]);
      return { ...found, bytes: wire.bytes - before };
    };
    const active = await run('active');
    const many = await run('many');
    const peers = kinds.includes('peers') ? await peerCosts(repo, kubeconfig, wire, options.peerObjects, note) : [];
    const one = await run('one');
    return [
      ...lines(titles.one, one, peers),
      ...lines(titles.many, many, peers),
      ...lines(titles.active, active, []),
      ...(active === undefined ? [] : [memoryBar(active)]),
      ...(one?.curve ?? []).map(({ objects, files, wallMs, cpuMs, calls, rendered, judged }): Measurement => ({
        what: `a commit that changes ${objects} objects in ${files} files, of ${scale.objects}`,
        value: wallMs,
        unit: 'ms',
        note: `${cpuMs.toFixed(0)} ms of CPU, ${calls} API calls, ${rendered} rendered, ${judged} judged`,
      })),
    ];
  } finally {
    wire.close();
    await plane.stop();
    await folder.remove();
  }
}

const titles: Readonly<Record<Kind, string>> = {
  one: '10,000 objects in one application',
  many: '10,000 objects in 500 applications',
  active: '200 active applications of 8,000 known, 10,000 objects',
  peers: 'kubectl diff',
};

type EngineRun = ScaleRun & { readonly bytes: number };
type Peer = Cost & { readonly name: string };

/** The engine's process as it is shipped: one bundle beside the renderer and its worker. */
async function bundleEngine(folder: string): Promise<string> {
  const outfile = join(folder, 'scaleEngine.mjs');
  const require = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
  await build({
    entryPoints: [program],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    mainFields: ['module', 'main'],
    banner: { js: require },
    logLevel: 'error',
  });
  for (const name of ['renderer.wasm', 'worker.mjs']) await symlink(join(dist, name), join(folder, name));
  return outfile;
}

async function engineRun(args: readonly string[]): Promise<ScaleRun> {
  const child = spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the engine ended with ${String(code)}`);
  return JSON.parse(text) as ScaleRun;
}

async function peerCosts(
  repo: string,
  kubeconfig: string,
  wire: Wire,
  objects: number,
  note: (text: string) => void,
): Promise<readonly Peer[]> {
  const files = Math.ceil((objects * scale.applications) / scale.objects);
  const isAll = files === scale.applications;
  const factor = scale.applications / files;
  const paths = isAll
    ? ['-R', '-f', join(repo, 'all')]
    : Array.from({ length: files }, (_, index) => ['-f', join(repo, fileOf(index))]).flat();
  const peers: Peer[] = [];
  for (const args of [
    ['--server-side', '--concurrency', '8'],
    ['--concurrency', '8'],
  ]) {
    const name = ['kubectl diff', ...args].join(' ');
    note(isAll ? name : `${name} on ${scale.objects / factor} objects only, as --peer-objects says; the figures are scaled up`);
    const { wallMs, cpuMs, calls, bytes, rssMb } = await peerDiff([...paths, ...args], kubeconfig, wire, note);
    const scaled = { wallMs: wallMs * factor, cpuMs: cpuMs * factor, calls: calls * factor, bytes: bytes * factor, rssMb };
    peers.push({ name: isAll ? name : `${name} (${scale.objects / factor} objects × ${factor})`, ...scaled });
  }
  return peers;
}

function lines(what: string, run: EngineRun | undefined, peers: readonly Peer[]): readonly Measurement[] {
  if (run === undefined) return [];
  const { first, second } = run;
  const of = (figure: (peer: Peer) => number): { readonly peers: Readonly<Record<string, number>> } => ({
    peers: Object.fromEntries(peers.map((peer) => [peer.name, figure(peer)])),
  });
  return [
    { what: `first check, ${what}`, value: first.wallMs, unit: 'ms', ...of(({ wallMs }) => wallMs) },
    { what: '  CPU', value: first.cpuMs, unit: 'ms', ...of(({ cpuMs }) => cpuMs) },
    { what: '  API calls', value: first.calls, unit: 'calls', ...of(({ calls }) => calls), note: `${run.dryRuns} dry-runs` },
    { what: '  on the wire', value: run.bytes / 1e6, unit: 'MB', ...of(({ bytes }) => bytes / 1e6) },
    {
      what: '  memory of engine and renderer, at most',
      value: run.peakMb,
      unit: 'MB',
      ...of(({ rssMb }) => rssMb),
      note: `${run.restedMb.toFixed(0)} MB after a rest of 15 s`,
    },
    { what: '  memory held per 1,000 live objects', value: run.heldMb / (scale.objects / 1000), unit: 'MB' },
    {
      what: '  second check, nothing changed',
      value: second.wallMs,
      unit: 'ms',
      note: `${second.calls} API calls, ${second.judged} judged`,
    },
  ];
}

/** The bar is on the most that the engine ever took, the first check included. */
function memoryBar({ peakMb, restedMb }: ScaleRun): Measurement {
  return {
    what: '  memory of engine and renderer, at most',
    value: peakMb,
    unit: 'MB',
    bar: { limit: 600, is: 'max' },
    note: `${restedMb.toFixed(0)} MB after a rest of 15 s`,
  };
}
