import { objectAt, stringAt } from '../model/json.ts';
import { type KubeObject, nameOf } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { podCause } from './podCause.ts';
import { conditionsOf, groupKind, isTrue, numberAt, oneLine } from './reading.ts';
import { knownBlame } from './tree.ts';

/** Events are told again while their cause lasts; an older one is about something that is over. */
const freshMs = 15 * 60_000;

/** What the kubelet, the scheduler and the controllers call it, in plain words. */
const WORDS: Readonly<Record<string, string>> = {
  FailedMount: 'cannot mount a volume',
  FailedAttachVolume: 'cannot attach a volume',
  FailedScheduling: 'no node fits',
  FailedCreate: 'Pods cannot be created',
  FailedBinding: 'no volume fits',
  ProvisioningFailed: 'no volume can be made',
  FailedCreatePodSandBox: 'its sandbox cannot be made',
  NetworkNotReady: 'the node’s network is not ready',
  SyncLoadBalancerFailed: 'no load balancer can be made',
};

/** Whether an event is about something that is over. @param nowMs epoch milliseconds */
export function isOver(event: KubeObject, nowMs: number): boolean {
  return nowMs - eventMs(event) > freshMs;
}

/** Events by the uid of the object that they are about: warnings, of a claim all. */
type WarningLookup = (uid: string) => readonly KubeObject[];

/** Whether an object with this health may have a cause to tell. */
export function isUnwell(health: Health | undefined): boolean {
  return health?.status === 'progressing' || health?.status === 'degraded';
}

/**
 * Whether the status alone leaves open why an object is not healthy, so that its events are worth a look. Objects that no controller has
 * looked at yet have no events either.
 * @param children live objects below it, at any depth
 * @param nowMs epoch milliseconds
 */
export function asksForEvents(object: KubeObject, health: Health, children: readonly KubeObject[], nowMs: number): boolean {
  if (!isUnwell(health)) return false;
  if (!isObserved(object) || stringAt(object.metadata, 'deletionTimestamp') !== undefined) return false;
  if (groupKind(object) === 'Pod') return podCause(object, nowMs) === undefined;
  return knownBlame(children, nowMs) === undefined;
}

/** Whether somebody but the API server has written the status: its own defaults are zeros and empty lists. */
function isObserved(object: KubeObject): boolean {
  const { observedGeneration, phase, startTime } = objectAt(object, 'status');
  const isSeen = observedGeneration !== undefined || startTime !== undefined || conditionsOf(object).length > 0;
  return isSeen || (typeof phase === 'string' && phase !== '') || groupKind(object) === 'Service';
}

/**
 * The health with the cause that the newest warning about the object, or about what is below it, names. What runs well below it is not
 * looked at: probes fail while a Pod starts.
 */
export function withWarnings(
  object: KubeObject,
  health: Health,
  children: readonly KubeObject[],
  warningsOf: WarningLookup,
  nowMs: number,
): Health {
  const suspects = [object, ...children.filter((child) => !isWell(child))];
  let newest: { readonly atMs: number; readonly text: string } | undefined;
  for (const suspect of suspects) {
    for (const event of warningsOf(stringAt(suspect.metadata, 'uid') ?? '')) {
      const atMs = eventMs(event);
      if (isOver(event, nowMs) || (newest !== undefined && newest.atMs >= atMs)) continue;
      newest = { atMs, text: `${suspect === object ? '' : `${suspect.kind} ${nameOf(suspect)}: `}${eventText(event)}` };
    }
  }
  if (newest === undefined) return health;
  const said = health.message === undefined ? '' : `${health.message}; `;
  return { status: health.status, message: oneLine(`${said}${newest.text}`) };
}

function isWell(child: KubeObject): boolean {
  if (stringAt(child.metadata, 'deletionTimestamp') !== undefined) return true;
  switch (groupKind(child)) {
    case 'Pod':
      return isTrue(conditionsOf(child), 'Ready') || stringAt(child, 'status', 'phase') === 'Succeeded';
    case 'apps/ReplicaSet':
      return numberAt(child, 0, 'spec', 'replicas') === 0;
    default:
      return false;
  }
}

function eventText(event: KubeObject): string {
  const reason = stringAt(event, 'reason') ?? '';
  const message = (stringAt(event, 'message') ?? '').replace('(combined from similar events): ', '');
  // A probe's message says all: `Readiness probe failed: HTTP probe failed with statuscode: 503`.
  if (reason === 'Unhealthy' && message !== '') return message;
  return [WORDS[reason] ?? reason, message].filter((part) => part !== '').join(': ');
}

function eventMs(event: KubeObject): number {
  const text =
    stringAt(event, 'series', 'lastObservedTime') ??
    stringAt(event, 'lastTimestamp') ??
    stringAt(event, 'eventTime') ??
    stringAt(event.metadata, 'creationTimestamp') ??
    '';
  return Date.parse(text) || 0;
}
