// Runs one test file for longer than `npm test` does.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './main.mjs';

/**
 * Runs a test file with its output on the terminal.
 * @param {string} path under test/
 * @param {{environment: Readonly<Record<string, string>>, timeoutMs: number, signal: AbortSignal}} options
 * @returns {Promise<number>} its exit code
 */
export function runLongTest(path, { environment, timeoutMs, signal }) {
  const child = spawn(process.execPath, ['--test', `--test-timeout=${timeoutMs}`, join(ROOT, 'test', path)], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
    signal,
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
