import { arrayAt, objectAt, stringAt, type JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { conditionsOf, numberAt, oneLine } from './reading.ts';

/** How long the scheduler may look for a node before a Pod counts as failed, in milliseconds (kstatus ScheduleWindow). */
export const scheduleWindowMs = 15_000;

/** Why a Pod does not run, in one line. */
export interface PodCause {
  readonly text: string;
  /** true: it will not pass by waiting (crash loop, image, configuration, no node); false: it may */
  readonly isBlocking: boolean;
}

/**
 * Finds why a Pod is not running well from its status alone (no events): container waiting reasons first, the init
 * containers before the others, then the last termination, then the scheduler's and the kubelet's words.
 * @param nowMs epoch milliseconds; the scheduler gets 15 s before the lack of a node blocks
 * @returns undefined when the status names no cause
 */
export function podCause(pod: KubeObject, nowMs: number): PodCause | undefined {
  const statuses = [
    ...arrayAt(pod, 'status', 'initContainerStatuses').map((status) => ({ status, noun: 'init container' })),
    ...arrayAt(pod, 'status', 'containerStatuses').map((status) => ({ status, noun: 'container' })),
  ];
  for (const { status, noun } of statuses) {
    const text = waitingText(status, `${noun} ${stringAt(status, 'name') ?? '?'}`);
    if (text !== undefined) return { text: oneLine(text), isBlocking: true };
  }
  const unscheduled = conditionsOf(pod).find((condition) => condition.type === 'PodScheduled' && condition.status === 'False');
  if (unscheduled?.reason === 'Unschedulable') {
    const createdMs = Date.parse(stringAt(pod.metadata, 'creationTimestamp') ?? '');
    return { text: oneLine(`no node fits: ${unscheduled.message}`), isBlocking: !(nowMs - scheduleWindowMs < createdMs) };
  }
  const isOver = stringAt(pod, 'status', 'phase') === 'Failed';
  const ownReason = [stringAt(pod, 'status', 'reason'), stringAt(pod, 'status', 'message')].filter((part) => part !== undefined);
  if (isOver && ownReason.length > 0) return { text: oneLine(ownReason.join(': ')), isBlocking: false };
  for (const { status, noun } of statuses) {
    if (isRunningWell(status)) continue;
    const text = terminationText(status, `${noun} ${stringAt(status, 'name') ?? '?'}`);
    if (text !== undefined) return { text: oneLine(text), isBlocking: false };
  }
  return undefined;
}

function waitingText(status: JsonValue, container: string): string | undefined {
  const reason = stringAt(status, 'state', 'waiting', 'reason') ?? '';
  const message = stringAt(status, 'state', 'waiting', 'message') ?? '';
  const detail = message === '' ? '' : `: ${message}`;
  switch (reason) {
    case '':
    case 'ContainerCreating':
    case 'PodInitializing':
      return undefined;
    case 'CrashLoopBackOff': {
      const restarts = numberAt(status, 0, 'restartCount');
      const ended = exitText(objectAt(status, 'lastState', 'terminated'));
      const parts = [ended, restarts > 0 ? `${String(restarts)} restarts` : undefined].filter((part) => part !== undefined);
      return `${container} crash-loops${parts.length > 0 ? ` (${parts.join(', ')})` : detail}`;
    }
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
    case 'ErrImagePullBackOff':
      return `${container} cannot pull ${stringAt(status, 'image') ?? 'its image'} (${reason}${detail})`;
    default:
      return `${container} cannot start (${reason}${detail})`;
  }
}

function isRunningWell(status: JsonValue): boolean {
  const isRunning = stringAt(status, 'state', 'running', 'startedAt') !== undefined;
  return isRunning && objectAt(status)['ready'] === true;
}

function terminationText(status: JsonValue, container: string): string | undefined {
  const text = exitText(objectAt(status, 'state', 'terminated')) ?? exitText(objectAt(status, 'lastState', 'terminated'));
  return text === undefined ? undefined : `${container} ended (${text})`;
}

/** `exit code 137, out of memory`, or undefined for no termination or a clean one. */
function exitText(terminated: JsonValue): string | undefined {
  const exitCode = objectAt(terminated)['exitCode'];
  if (typeof exitCode !== 'number' || exitCode === 0) return undefined;
  const reason = stringAt(terminated, 'reason') ?? '';
  const message = stringAt(terminated, 'message') ?? '';
  const parts = [`exit code ${String(exitCode)}`];
  if (reason === 'OOMKilled') parts.push('out of memory (OOMKilled)');
  else if (reason !== '' && reason !== 'Error') parts.push(reason);
  if (message !== '') parts.push(message);
  return parts.join(', ');
}
