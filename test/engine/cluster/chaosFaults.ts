import type { ChaosProxy, Fault, SeenRequest, WatchFault } from '../../tools/chaosProxy.ts';
import type { SeededRandom } from '../drift/randomEdits.ts';

/** What may happen to a watch that is open. */
export const WATCH_FAULTS: readonly WatchFault[] = ['cut', 'stall', 'gone', 'lying bookmark', 'garbage', 'half event'];

/** What may happen to one request, each once. */
export const EVERY_FAULT: readonly Fault[] = requestFaults(300);

function requestFaults(bytes: number): readonly Fault[] {
  return [
    { kind: 'refuse', status: 429, retryAfterSeconds: 1 },
    { kind: 'refuse', status: 500 },
    { kind: 'refuse', status: 503 },
    { kind: 'refuse', status: 410 },
    { kind: 'cut' },
    { kind: 'cut', afterBytes: bytes },
    { kind: 'stall' },
    { kind: 'stall', afterBytes: bytes },
    { kind: 'slow', bytesPerSecond: 20_000 },
    { kind: 'half', afterBytes: bytes },
  ];
}

/** Strikes some watch with some fault; what lies is struck twice as often. */
export function strikeAtRandom(proxy: ChaosProxy, random: SeededRandom): void {
  const fault = random.pick([...WATCH_FAULTS, 'lying bookmark'] as const);
  if (fault !== undefined) random.pick(proxy.watches)?.strike(fault);
}

/** What goes wrong with a request: something with every eighth. */
export function faultFor(request: SeenRequest, random: SeededRandom): Fault | undefined {
  if (random.below(100) >= 12) return undefined;
  const fault = random.pick(requestFaults(random.below(2000)));
  return fault?.kind === 'refuse' && fault.status === 410 && request.method !== 'GET' ? undefined : fault;
}
