import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { kubectlPath } from '../tools/binaries.ts';
import type { Wire } from './wire.ts';

/** What one run of a program cost. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly calls: number;
  /** on the wire, both ways */
  readonly bytes: number;
  /** the most that it held at a time */
  readonly rssMb: number;
}

const LOOK_MS = 250;
const TELL_MS = 30_000;

/**
 * Runs `kubectl diff` and throws its output away. Its calls are counted by its own log (`-v=6`), its memory as Linux has it.
 * @param args behind `kubectl diff`
 * @param kubeconfig leads through `wire`
 * @param note told twice a minute how far it is
 */
export async function peerDiff(args: readonly string[], kubeconfig: string, wire: Wire, note: (text: string) => void): Promise<Cost> {
  const script = 'TIMEFORMAT="time %R %U %S"; time "$@" > /dev/null || exit $?';
  const before = wire.bytes;
  const child = spawn('bash', ['-c', script, 'bash', await kubectlPath(), 'diff', ...args, '-v=6'], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let calls = 0;
  let rest = '';
  let said = '';
  let times = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.includes('"Response" verb="')) calls += 1;
      else if (line.startsWith('time ')) times = line;
      else if (!/^[IW]\d{4} /.test(line) && line !== '') said = line;
    }
  });
  let rssMb = 0;
  const looking = setInterval(() => {
    void highestRss(child.pid).then((found) => (rssMb = Math.max(rssMb, found)));
  }, LOOK_MS);
  const startedAt = performance.now();
  const telling = setInterval(() => {
    note(`  after ${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${calls} calls`);
  }, TELL_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(looking);
  clearInterval(telling);
  const [wall, user, system] = times
    .split(' ')
    .slice(1)
    .map((seconds) => Number(seconds) * 1000);
  // 1: it found differences.
  if (code === null || code > 1 || wall === undefined || user === undefined || system === undefined)
    throw new Error(`kubectl diff: ${said}`);
  return { wallMs: wall, cpuMs: user + system, calls, bytes: wire.bytes - before, rssMb };
}

/** Highest resident memory so far of the first child of a process, in MB; 0 where that is not to be had. */
async function highestRss(pid: number | undefined): Promise<number> {
  try {
    const [child = ''] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
    const status = await readFile(`/proc/${child}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
