// The frame of every tool: one abort signal for Ctrl-C, errors as a sentence, and Node 24 from the project's own dependencies.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopEverything } from './processes.mjs';

/** The project's folder. */
export const ROOT = realpathSync(fileURLToPath(new URL('../../', import.meta.url)));

/** Node 24 of the devDependencies: runs TypeScript as it is. */
export const NODE = join(ROOT, 'node_modules', '.bin', 'node');

/** A failure that needs no stack trace: what is wrong, and the command that cures it. */
export class ToolError extends Error {}

/** Whether `module` (an `import.meta.url`) is the program that was started. */
export function isProgram(module) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(module));
}

/**
 * Runs a tool: `body` gets the arguments and a signal that Ctrl-C or SIGTERM aborts; a second Ctrl-C ends at once.
 * @param {(context: {args: readonly string[], signal: AbortSignal}) => Promise<number | void>} body returns the exit code, default 0
 */
export async function main(body) {
  const abort = new AbortController();
  const onSignal = (signal) => {
    if (abort.signal.aborted) {
      stopEverything('SIGKILL');
      process.exit(130);
    }
    abort.abort(new ToolError(signal === 'SIGINT' ? 'Interrupted.' : `Ended by ${signal}.`));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => onSignal(signal));
  const parent = process.ppid;
  // A parent that died by SIGKILL cannot forward anything: then nobody waits for this process any more.
  if (process.env.PLUMBLINE_TOOL_CHILD) setInterval(() => process.ppid !== parent && onSignal('SIGHUP'), 1000).unref();
  // Running children do not keep this process alive; waiting for them must.
  const alive = setInterval(() => {}, 2 ** 30);
  let code;
  try {
    code = (await body({ args: process.argv.slice(2), signal: abort.signal })) ?? 0;
  } catch (error) {
    if (abort.signal.aborted) code = 130;
    else {
      console.error(error instanceof ToolError || error?.name === 'CommandError' ? `\n${error.message}` : error);
      code = 1;
    }
  }
  clearInterval(alive);
  stopEverything('SIGKILL');
  process.exit(code);
}

/** Whether this process is Node 24 of the devDependencies. */
export function isProjectNode() {
  // npm puts node_modules/.bin first on PATH, so the outer program may run under Node 24 too: it still has to set up.
  return process.env.PLUMBLINE_TOOL_CHILD === '1' && existsSync(NODE) && realpathSync(process.execPath) === realpathSync(NODE);
}

/**
 * Runs the same program again under Node 24 and returns its exit code.
 * @param {string} module `import.meta.url` of the program
 */
export async function underProjectNode(module, args, signal) {
  const child = spawn(NODE, ['--disable-warning=ExperimentalWarning', fileURLToPath(module), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PLUMBLINE_TOOL_CHILD: '1' },
  });
  // Ctrl-C reaches the child by itself; only what was sent to this process alone is forwarded.
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
  });
}
