// Child processes in groups of their own that never outlive this process, whatever ends it.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A command that failed; `output` holds the last lines it printed. */
export class CommandError extends Error {
  constructor(command, outcome, output) {
    super(`${command} ${outcome}${output === '' ? '' : `\n${output}`}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

const groups = new Set();
let reaper;

function tellReaper(line) {
  if (reaper === undefined) {
    reaper = spawn(process.execPath, [fileURLToPath(new URL('./reaper.mjs', import.meta.url))], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
    });
    reaper.on('error', () => {});
    reaper.stdin.on('error', () => {});
    reaper.unref();
    reaper.stdin.unref?.();
    process.on('exit', () => {
      for (const group of groups) kill(group, 'SIGKILL');
    });
  }
  reaper.stdin.write(`${line}\n`);
}

function kill(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * Starts a long-running process in a group of its own. It does not keep this process alive.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, log?: string}} [options] `log`: file that receives stdout and stderr; without it they are dropped
 */
export function startProcess(command, args, options = {}) {
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' });
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', log === undefined ? 'ignore' : 'pipe', log === undefined ? 'ignore' : 'pipe'],
  });
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const { pid } = child;
  if (pid !== undefined) {
    groups.add(pid);
    tellReaper(`+group ${pid}`);
    void exited.then(() => {
      kill(pid, 'SIGKILL');
      groups.delete(pid);
      tellReaper(`-group ${pid}`);
    });
  }
  if (log !== undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(log, { end: false });
      stream.unref?.();
    }
    void exited.then(() => log.end());
  }
  child.unref();
  return {
    pid,
    exited,
    /**
     * Ends the group: `signal` first, SIGKILL after `graceMs`. Resolves when the process is gone.
     * @param {NodeJS.Signals} [signal]
     */
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      if (pid === undefined) return;
      child.ref();
      kill(pid, signal);
      const timer = setTimeout(() => kill(pid, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * Runs a command to its end and returns its stdout.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, input?: string, signal?: AbortSignal, onLine?: (line: string) => void, okCodes?: readonly number[]}} [options]
 * @returns {Promise<string>} stdout; throws {@link CommandError} with the end of stderr (or stdout) otherwise
 */
export async function run(command, args, options = {}) {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) {
    groups.add(pid);
    tellReaper(`+group ${pid}`);
  }
  const onAbort = () => pid !== undefined && kill(pid, 'SIGKILL');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const stdout = [];
  const stderr = [];
  child.stdout.on('data', (chunk) => stdout.push(chunk));
  child.stderr.on('data', (chunk) => stderr.push(chunk));
  if (options.onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', options.onLine);
  }
  if (options.input !== undefined) {
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  }
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.code === 'ENOENT' ? 'was not found' : error.message));
    child.once('close', (code, signal) =>
      resolve((options.okCodes ?? [0]).includes(code) ? undefined : code === null ? `ended by ${signal}` : `failed with exit code ${code}`),
    );
  });
  options.signal?.removeEventListener('abort', onAbort);
  if (pid !== undefined) {
    groups.delete(pid);
    tellReaper(`-group ${pid}`);
  }
  options.signal?.throwIfAborted();
  const out = Buffer.concat(stdout).toString();
  if (outcome === undefined) return out;
  const said = Buffer.concat(stderr).toString().trim() || out.trim();
  throw new CommandError([command, ...args.slice(0, 3)].join(' '), outcome, said.split('\n').slice(-30).join('\n'));
}

/**
 * A fresh folder that is removed by `remove()`, or when this process has ended.
 * @param {string} prefix start of its name
 */
export async function temporaryFolder(prefix) {
  const path = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  tellReaper(`+folder ${path}`);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      tellReaper(`-folder ${path}`);
    },
  };
}

/** Stops every process group that this process started, at once. */
export function stopEverything(signal = 'SIGTERM') {
  for (const group of groups) kill(group, signal);
}
