// Runs test files by node:test and prints one line per file, and failures in full.
import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

/** of one file: several times what the slowest takes on a busy machine, so that only what hangs is ended */
const TIMEOUT_MS = 900_000;

/** Loaded first by tests in the background: what they start inherits it. */
const LOW_PRIORITY = new URL('./lowPriority.mjs', import.meta.url).href;

/**
 * Runs each file in a process of its own. Every event of a file's run counts for that file, also of tests that a helper module declares.
 * @param {readonly string[]} files absolute paths
 * @param {{parallel: number, background?: boolean, root: string, signal: AbortSignal}} options `background`: leave the processors to what else runs
 * @returns {Promise<{passed: number, failed: number}>} tests, suites not counted; a file that fails outside its tests counts as one failed test
 */
export async function runFiles(files, { parallel, background = false, root, signal }) {
  const waiting = [...files];
  const total = { passed: 0, failed: 0 };
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const counts = await runFile(file, background, signal);
      print(file, counts, root);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, work));
  return total;
}

/**
 * @param {string} file absolute path
 * @param {boolean} background
 * @param {AbortSignal} signal
 */
async function runFile(file, background, signal) {
  const counts = { passed: 0, failed: 0, skipped: 0, durationMs: 0, /** @type {{title: string, error: unknown}[]} */ failures: [] };
  const fail = (title, error) => {
    counts.failures.push({ title, error });
    counts.failed += 1;
  };
  const start = Date.now();
  const execArgv = ['--disable-warning=ExperimentalWarning', ...(background ? ['--import', LOW_PRIORITY] : [])];
  const stream = run({ files: [file], timeout: TIMEOUT_MS, signal, execArgv });
  const titles = new Map();
  stream.on('test:start', ({ nesting, name }) => titles.set(nesting, name));
  stream.on('test:pass', ({ name, details, skip, todo }) => {
    // A file that ended well without a single test is reported as one; it is told of below.
    if (details.type === 'suite' || name === file) return;
    if (skip !== undefined || todo !== undefined) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', ({ name, nesting, details }) => {
    // A parent only repeats that a test inside it failed.
    if (details.error?.failureType === 'subtestsFailed') return;
    const path = [...Array(nesting).keys()].map((depth) => titles.get(depth)).concat(name);
    fail(path.join(' › '), details.error?.cause ?? details.error);
  });
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  await new Promise((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('error', reject);
    stream.resume();
  });
  if (counts.passed + counts.failed + counts.skipped === 0) fail(file, 'no test in this file');
  counts.durationMs = Date.now() - start;
  return counts;
}

/**
 * @param {string} file
 * @param {Awaited<ReturnType<typeof runFile>>} counts
 * @param {string} root
 */
function print(file, { passed, failed, skipped, durationMs, failures }, root) {
  const mark = failed > 0 ? '✖' : '✔';
  const more = `${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  console.log(`  ${mark} ${relative(root, file)}  ${passed} passed${more}  ${(durationMs / 1000).toFixed(1)} s`);
  for (const { title, error } of failures) {
    const shown = typeof error === 'string' ? error : inspect(error, { colors: process.stdout.isTTY });
    const text = shown.replace(/\n\s+at [^\n]*node:internal[^\n]*/g, '');
    console.log(`\n    ✖ ${title}\n${text.replace(/^/gm, '      ')}\n`);
  }
}
