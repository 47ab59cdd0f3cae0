// Runs test files by node:test and prints one line per file, and failures in full.
import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

const TIMEOUT_MS = 300_000;

/**
 * @param {readonly string[]} files absolute paths
 * @param {{parallel: number, root: string, signal: AbortSignal}} options
 * @returns {Promise<{passed: number, failed: number}>} tests, suites not counted; a file that fails outside its tests counts as one failed test
 */
export async function runFiles(files, { parallel, root, signal }) {
  const byFile = new Map(files.map((file) => [file, { passed: 0, failed: 0, skipped: 0, failures: [] }]));
  const stream = run({
    files: [...files],
    concurrency: parallel,
    timeout: TIMEOUT_MS,
    signal,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const of = (file) => byFile.get(file);
  const titles = new Map();
  const start = Date.now();
  stream.on('test:start', ({ file, nesting, name }) => titles.set(`${file} ${nesting}`, name));
  stream.on('test:pass', ({ file, name, details, skip, todo }) => {
    const counts = of(file);
    if (counts === undefined || details.type === 'suite') return;
    if (name === file) {
      // A file that ended well without a single test is reported as one.
      counts.failures.push({ title: name, error: 'no test in this file' });
      counts.failed += 1;
      return;
    }
    if (skip !== undefined || todo !== undefined) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', ({ file, name, nesting, details }) => {
    const counts = of(file);
    if (counts === undefined) return;
    // A parent only repeats that a test inside it failed.
    if (details.error?.failureType === 'subtestsFailed') return;
    const path = [...Array(nesting).keys()].map((depth) => titles.get(`${file} ${depth}`)).concat(name);
    counts.failures.push({ title: path.join(' › '), error: details.error?.cause ?? details.error });
    counts.failed += 1;
  });
  const print = (file, durationMs) => {
    const counts = of(file);
    if (counts === undefined || counts.printed) return;
    counts.printed = true;
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    const mark = counts.failed > 0 ? '✖' : '✔';
    console.log(
      `  ${mark} ${relative(root, file)}  ${counts.passed} passed${counts.failed > 0 ? `, ${counts.failed} failed` : ''}${skipped}  ${(durationMs / 1000).toFixed(1)} s`,
    );
    for (const { title, error } of counts.failures) {
      const text = (typeof error === 'string' ? error : inspect(error, { colors: process.stdout.isTTY })).replace(
        /\n\s+at [^\n]*node:internal[^\n]*/g,
        '',
      );
      console.log(`\n    ✖ ${title}\n${text.replace(/^/gm, '      ')}\n`);
    }
  };
  stream.on('test:summary', ({ file, duration_ms }) => file !== undefined && print(file, duration_ms));
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  await new Promise((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('error', reject);
    stream.resume();
  });
  for (const file of files) print(file, Date.now() - start);
  const counts = [...byFile.values()];
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
  };
}
