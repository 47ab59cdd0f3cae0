// `npm test [-- RING | RING/PART]`: sets everything up, then runs the rings: check and unit side by side, then the others. Last line: `N passed, N failed`.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { isProgram, isProjectNode, main, ROOT, ToolError, underProjectNode } from './main.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { BUNDLES, CODE_SERVER, CONTROL_PLANE, DEPENDENCIES, PEERS, RENDERER } from './setup.mjs';
import { runSteps } from './steps.mjs';

/**
 * @typedef {object} Ring
 * @property {string} name
 * @property {string} [folder]   under test/; its `*.test.ts` files are the ring
 * @property {number} [parallel] files at a time
 * @property {readonly string[]} [first] files below the folder, without `.test.ts`, that start before the others
 * @property {'background' | 'editor'} [lane] runs beside the rings of the other lane; default: before them, beside the others without a lane
 * @property {readonly ('controlPlane' | 'renderer' | 'peers' | 'bundles' | 'editor')[]} needs
 */

/** how many files may run at a time; each has a control plane of its own, with some 600 MB */
const PROCESSORS = Math.min(availableParallelism(), 4);

/** The files of the engine's ring that take longest, longest first: none of them may be left alone at the end. */
const LONGEST = [
  'cli/sync',
  'apps/ownersInEngine',
  'cli/cli',
  'drift/falseAlarms',
  'cli/rollback',
  'provenance/proved',
  'drift/oracle',
  'cluster/watches',
  'health/causes',
  'server/canary',
  'engine/badInput',
  'drift/blindSpots',
  'sync/syncKilled',
  'drift/edits',
  'cluster/chaos',
  'apps/owners',
  'engine/commits',
  'engine/rollbacks',
];

/** @type {readonly Ring[]} */
const RINGS = [
  { name: 'check', needs: [] },
  { name: 'unit', folder: 'unit', parallel: PROCESSORS, needs: [] },
  // These wait for API servers and controllers a third of their time, and take the time that the editor's rings leave over.
  {
    name: 'engine',
    folder: 'engine',
    parallel: PROCESSORS + 1,
    first: LONGEST,
    lane: 'background',
    needs: ['controlPlane', 'renderer', 'peers', 'bundles'],
  },
  { name: 'extension', folder: 'extension', parallel: 1, lane: 'editor', needs: ['controlPlane', 'renderer', 'bundles', 'editor'] },
  { name: 'e2e', folder: 'e2e', parallel: 1, lane: 'editor', needs: ['controlPlane', 'renderer', 'bundles', 'editor'] },
];

/** The rings to run, each with the part of it that was asked for: `engine/cluster` is ring `engine`, part `cluster`. */
function chosen(args) {
  if (args.length === 0) return RINGS.map((ring) => ({ ring, part: '' }));
  return args.map((arg) => {
    const [name, ...part] = arg.replace(/^test\//, '').split('/');
    const ring = RINGS.find((one) => one.name === name);
    if (ring === undefined) throw new ToolError(`There is no ring '${name}'; rings: ${RINGS.map((one) => one.name).join(', ')}.`);
    return { ring, part: part.join('/') };
  });
}

/** Test files of a ring in the order in which they start: all, those in a folder, or those whose path under the ring's folder starts with `part`. */
async function filesOf({ folder, first = [] }, part) {
  const all = await readdir(join(ROOT, 'test', folder), { recursive: true }).catch(() => []);
  const names = all.filter((name) => name.endsWith('.test.ts')).sort();
  const early = first.map((name) => `${name}.test.ts`).filter((name) => names.includes(name));
  const ordered = [...early, ...names.filter((name) => !early.includes(name))];
  return ordered.filter((name) => name.startsWith(part)).map((name) => join(ROOT, 'test', folder, name));
}

async function prepare(rings, signal) {
  const needs = new Set(rings.flatMap(({ ring }) => ring.needs));
  await checkPrerequisites({
    go: needs.has('controlPlane') || needs.has('renderer'),
    codeServer: needs.has('editor'),
    browser: needs.has('editor'),
  });
  await runSteps(
    [
      DEPENDENCIES,
      ...(needs.has('controlPlane') ? CONTROL_PLANE : []),
      ...(needs.has('renderer') ? [RENDERER] : []),
      ...(needs.has('bundles') ? [BUNDLES] : []),
      ...(needs.has('editor') ? [CODE_SERVER] : []),
      ...(needs.has('peers') ? PEERS : []),
    ],
    signal,
  );
}

async function runRing({ ring, part }, background, signal) {
  console.log(`\n── ${ring.name}${part === '' ? '' : `/${part}`}`);
  const start = Date.now();
  let counts;
  if (ring.folder === undefined) {
    const { runChecks } = await import('./check.mjs');
    counts = await runChecks(signal);
  } else {
    const { runFiles } = await import('./runner.mjs');
    const files = await filesOf(ring, part);
    if (files.length === 0) {
      console.log('  ✖ no test file found');
      counts = { passed: 0, failed: 1 };
    } else counts = await runFiles(files, { parallel: ring.parallel, background, root: ROOT, signal });
  }
  if (counts.passed + counts.failed === 0) {
    console.log('  ✖ no test ran');
    counts = { passed: 0, failed: 1 };
  }
  console.log(`── ${ring.name}: ${counts.passed} passed, ${counts.failed} failed in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return counts;
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => {
    const rings = chosen(args);
    // What one of hundreds of processes has read and compiled, the others take from there.
    process.env.NODE_COMPILE_CACHE ??= join(cacheFolder(), 'compiled');
    if (!isProjectNode()) {
      try {
        await prepare(rings, signal);
      } catch (error) {
        console.error(`\n${error instanceof Error ? error.message : error}`);
        console.log('\n0 passed, 1 failed');
        return 1;
      }
      return underProjectNode(import.meta.url, args, signal);
    }
    const total = { passed: 0, failed: 0 };
    const lane = (name) => rings.filter(({ ring }) => ring.lane === name);
    const isShared = lane('background').length > 0 && lane('editor').length > 0;
    const runOne = async (one, isBackground) => {
      signal.throwIfAborted();
      const { passed, failed } = await runRing(one, isBackground, signal);
      total.passed += passed;
      total.failed += failed;
    };
    const work = async (name) => {
      for (const one of lane(name)) await runOne(one, isShared && name === 'background');
    };
    // The linter takes one processor, long after the other checks have ended.
    await Promise.all(lane(undefined).map((one) => runOne(one, false)));
    await Promise.all([work('editor'), work('background')]);
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    return total.failed === 0 ? 0 : 1;
  });
}
