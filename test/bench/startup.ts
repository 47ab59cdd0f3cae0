import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../tools/processes.mjs';
import { type Measurement, percentile, timed } from './report.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/** How soon the engine's process answers, and how large the bundles are. */
export async function benchStartup(): Promise<readonly Measurement[]> {
  const folder = await temporaryFolder('plumbline-bench-start-');
  try {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) times.push(await timed(() => initialize(folder.path)));
    const ready = percentile(times, 50);
    return [
      { what: 'engine process started to ready', value: ready, unit: 'ms', bar: { limit: 400, is: 'max' } },
      ...(await bundleSizes()),
    ];
  } finally {
    await folder.remove();
  }
}

/** Starts the server as the editor does, over IPC, and waits for its answer to `initialize`. */
async function initialize(storagePath: string): Promise<void> {
  const child = spawn(process.execPath, [join(dist, 'server.mjs'), '--node-ipc'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const answer = nextAnswer(child);
    child.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        processId: process.pid,
        rootUri: null,
        capabilities: {},
        workspaceFolders: [],
        initializationOptions: { settings: { isTrusted: false }, storagePath, environment: {} },
      },
    });
    await answer;
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

async function nextAnswer(child: ChildProcess): Promise<void> {
  for (;;) {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error('the engine process ended before it was ready');
      }),
    ])) as [{ id?: number; error?: unknown }];
    if (message.id !== 1) continue;
    if (message.error !== undefined) throw new Error(JSON.stringify(message.error));
    return;
  }
}

async function bundleSizes(): Promise<readonly Measurement[]> {
  const names = await readdir(dist);
  const kb = async (chosen: Iterable<string>): Promise<number> => {
    const sizes = await Promise.all([...chosen].map(async (name) => (await stat(join(dist, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0) / 1000;
  };
  const start = await loadedWith('extension.js');
  const chunks = names.filter((name) => name.startsWith('extension-') && name.endsWith('.js') && !start.has(name));
  const sizes = await Promise.all(chunks.map((name) => kb([name])));
  return [
    { what: 'extension.js with what it loads at its start', value: await kb(start), unit: 'kB', bar: { limit: 150, is: 'max' } },
    // By far the largest of the chunks.
    { what: 'language client, loaded later', value: Math.max(...sizes), unit: 'kB', bar: { limit: 480, is: 'max' } },
    { what: 'commands, loaded when first run', value: sizes.reduce((sum, size) => sum + size, 0) - Math.max(...sizes), unit: 'kB' },
    {
      what: 'engine, command line and worker, all chunks',
      value: await kb(names.filter((name) => name.endsWith('.mjs'))),
      unit: 'kB',
    },
    { what: 'renderer.wasm', value: await kb(['renderer.wasm']), unit: 'kB' },
  ];
}

/** A bundle and the chunks that it imports by statement, not by `import()`. */
async function loadedWith(name: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = await readFile(join(dist, name), 'utf8');
  for (const [, other = ''] of text.matchAll(/\bfrom ?"\.\/([^"]+)"/g)) await loadedWith(other, seen);
  return seen;
}
