import { arrayAt, type JsonValue, stringAt, valueAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { RevertForecast } from '../../model/ownerView.ts';
import { fluxForces } from './rules.ts';

/**
 * Whether and when Flux undoes a live change: a Kustomization at each interval, after a failure at each `retryInterval`; a HelmRelease only
 * with drift detection `enabled`. Source: kustomize-controller internal/controller/kustomization_controller.go, helm-controller
 * internal/reconcile/atomic_release.go and state.go.
 * @param name for the words: `Kustomization flux-system/apps`
 * @param desired the object that was changed: it may carry `force`
 * @param nowMs epoch milliseconds
 */
export function fluxForecast(controller: KubeObject, name: string, desired?: KubeObject, nowMs: number = Date.now()): RevertForecast {
  const ready = conditionOf(controller, 'Ready');
  const hasFailed = stringAt(ready, 'status') === 'False';
  const retry = hasFailed ? stringAt(controller, 'spec', 'retryInterval') : undefined;
  const interval = retry ?? stringAt(controller, 'spec', 'interval') ?? '';
  const details = { name, interval };
  if (valueAt(controller, 'spec', 'suspend') === true) return { mode: 'never', reason: { code: 'note-flux-suspended', details } };
  const isHelm = controller.kind === 'HelmRelease';
  if (isHelm) {
    const mode = stringAt(controller, 'spec', 'driftDetection', 'mode') ?? 'disabled';
    if (mode !== 'enabled') return { mode: 'never', reason: { code: 'note-flux-helm-keeps', details: { ...details, mode } } };
  }
  const problem = failureBeforeApply(controller);
  if (problem !== undefined) return { mode: 'never', reason: { code: 'note-flux-fails', details: { ...details, problem } } };
  const seconds = durationSeconds(interval);
  const last = lastReconcileMs(controller);
  const recreate = isHelm
    ? 'note-flux-helm-cannot-change'
    : isForced(controller, desired)
      ? 'note-flux-recreates'
      : 'note-flux-cannot-change';
  const common = {
    mode: 'scheduled',
    onRecreate: { code: recreate, details },
    ...(seconds === undefined ? {} : { intervalSeconds: seconds }),
  } as const;
  const atMs = seconds === undefined || last === undefined ? undefined : last + seconds * 1000;
  // A turn that should be over already says nothing about the next one.
  if (atMs === undefined || atMs < nowMs) return { ...common, reason: { code: 'note-flux-reverts', details } };
  const at = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return { ...common, reason: { code: 'note-flux-reverts-at', details: { ...details, at } }, atMs };
}

/** Whether a Kustomization deletes and creates what it cannot change: `spec.force`, or the object's own mark (ssa `ForceSelector`). */
function isForced(controller: KubeObject, desired: KubeObject | undefined): boolean {
  return valueAt(controller, 'spec', 'force') === true || (desired !== undefined && fluxForces(desired));
}

/** Reasons of `Ready: False` with which Flux stops before it applies anything (kustomize-controller api/v1 and helm-controller api/v2). */
const BEFORE_APPLY = new Set(['ArtifactFailed', 'BuildFailed', 'DependencyNotReady', 'SourceNotReady']);

/** Why Flux applies nothing: it stops before that, or has given up (`Stalled`) until somebody changes something. */
function failureBeforeApply(controller: KubeObject): string | undefined {
  const stalled = conditionOf(controller, 'Stalled');
  if (stringAt(stalled, 'status') === 'True') return stringAt(stalled, 'reason') ?? 'Stalled';
  const ready = conditionOf(controller, 'Ready');
  const reason = stringAt(ready, 'reason') ?? '';
  return stringAt(ready, 'status') === 'False' && BEFORE_APPLY.has(reason) ? reason : undefined;
}

function conditionOf(controller: KubeObject, type: string): JsonValue | undefined {
  return arrayAt(controller, 'status', 'conditions').find((condition) => stringAt(condition, 'type') === type);
}

function lastReconcileMs(controller: KubeObject): number | undefined {
  const latest = Date.parse(stringAt(arrayAt(controller, 'status', 'history')[0], 'lastReconciled') ?? '');
  return Number.isNaN(latest) ? undefined : latest;
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of a duration as Go writes it (`1h30m`, `90s`), or undefined when it is none. */
export function durationSeconds(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) seconds += Number(count) * (UNITS[unit ?? ''] ?? 0);
  return seconds;
}
