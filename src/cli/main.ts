import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { isJsonObject } from '../engine/model/json.ts';
import { exitCodes } from './exitCodes.ts';
import { flush, type Output } from './output.ts';
import { runProgram } from './program.ts';

/** The version in the package.json that the program was shipped with. */
async function packageVersion(): Promise<string> {
  for (const path of ['../package.json', '../../package.json']) {
    const text = await readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined);
    const manifest: unknown = text === undefined ? undefined : JSON.parse(text);
    if (isJsonObject(manifest) && manifest['name'] === 'plumbline' && typeof manifest['version'] === 'string') return manifest['version'];
  }
  return 'unknown';
}

const interruption = new AbortController();
const interrupt = (): void => {
  // The second Ctrl-C does not wait for a write that is on its way.
  if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
  interruption.abort();
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// The reader of a pipe may leave early (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 2);
});

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal: interruption.signal });
  } finally {
    terminal.close();
  }
}

const output: Output = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
};

const isAskable = process.stdin.isTTY && process.stderr.isTTY;
const exitCode = await runProgram({
  argv: process.argv.slice(2),
  cwd: process.cwd(),
  variables: process.env,
  output,
  signal: interruption.signal,
  isTerminal: process.stdout.isTTY,
  version: await packageVersion(),
  now: () => Date.now(),
  ...(isAskable ? { ask } : {}),
});
await flush(process.stdout);
// Connections that are being closed must not hold a finished command.
process.exit(exitCode);
