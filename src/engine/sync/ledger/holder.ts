import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, networkInterfaces, userInfo } from 'node:os';
import { sha256 } from '../../../base/hash.ts';
import { isJsonObject, type JsonValue, stringAt } from '../../model/json.ts';

/** The process that holds a ledger, so that its end can be proved on the machine where it ran, by the user whose process it was. */
export interface Holder {
  /** hash of user and machine, for equality only */
  readonly machine: string;
  readonly pid: number;
  /** when the process started, as the system counts; absent where the system does not tell */
  readonly started?: string;
}

/** This process as a holder. */
export function currentHolder(): Holder {
  const started = startOf(process.pid);
  return { machine: machineId(), pid: process.pid, ...(started === undefined ? {} : { started }) };
}

/**
 * Whether a holder is proved to have ended: a process of this user on this machine, since the machine's last start, that is there no more.
 * Anything less is no proof.
 */
export function isEnded(holder: Holder | undefined): boolean {
  if (holder === undefined || holder.machine === '' || holder.machine !== machineId()) return false;
  if (!isThere(holder.pid)) return true;
  const started = startOf(holder.pid);
  return started !== undefined && holder.started !== undefined && started !== holder.started;
}

/** Reads a holder; undefined when it is none. */
export function holderOf(value: JsonValue | undefined): Holder | undefined {
  const [machine, started] = [stringAt(value, 'machine'), stringAt(value, 'started')];
  const pid = isJsonObject(value) ? value['pid'] : undefined;
  if (machine === undefined || typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { machine, pid, ...(started === undefined ? {} : { started }) };
}

/**
 * A process id means nothing in another container, so where there are such its namespace counts, and elsewhere the network cards.
 * @returns '' where the system does not tell enough
 */
function machineId(): string {
  const linux = [read('/proc/sys/kernel/random/boot_id'), link('/proc/self/ns/pid')];
  const cards = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).flatMap(({ internal, mac }) => (internal ? [] : [mac])));
  const place = process.platform === 'linux' ? linux : [...new Set(cards)].sort();
  if (place.length === 0 || place.includes(undefined)) return '';
  return sha256(JSON.stringify([hostname(), userInfo().username, process.platform, ...place])).slice(0, 16);
}

/** Field 22 of proc_pid_stat(5), ticks since the start of the system; the name in field 2 may hold spaces and parentheses. */
function startOf(pid: number): string | undefined {
  const stat = process.platform === 'linux' ? read(`/proc/${pid}/stat`) : undefined;
  return stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(19);
}

/** kill(2) with signal 0 asks and sends nothing; a process of somebody else is there, too. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function link(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
