import { arrayAt, stringAt, valueAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { RevertForecast } from '../../model/ownerView.ts';

/**
 * Whether and when Flux undoes a live change: a Kustomization at each interval; a HelmRelease only with drift detection `enabled`.
 * Source: kustomize-controller and helm-controller docs, `spec.interval`, `spec.driftDetection.mode`.
 * @param name for the words: `Kustomization flux-system/apps`
 * @param nowMs epoch milliseconds
 */
export function fluxForecast(controller: KubeObject, name: string, nowMs: number = Date.now()): RevertForecast {
  const interval = stringAt(controller, 'spec', 'interval') ?? '';
  const details = { name, interval };
  if (valueAt(controller, 'spec', 'suspend') === true) return { mode: 'never', reason: { code: 'note-flux-suspended', details } };
  if (controller.kind === 'HelmRelease') {
    const mode = stringAt(controller, 'spec', 'driftDetection', 'mode') ?? 'disabled';
    if (mode !== 'enabled') return { mode: 'never', reason: { code: 'note-flux-helm-keeps', details: { ...details, mode } } };
  }
  const problem = failureBeforeApply(controller);
  if (problem !== undefined) return { mode: 'never', reason: { code: 'note-flux-fails', details: { ...details, problem } } };
  const seconds = durationSeconds(interval);
  const last = lastReconcileMs(controller);
  const common = { mode: 'scheduled', ...(seconds === undefined ? {} : { intervalSeconds: seconds }) } as const;
  const atMs = seconds === undefined || last === undefined ? undefined : last + seconds * 1000;
  // A turn that should be over already says nothing about the next one.
  if (atMs === undefined || atMs < nowMs) return { ...common, reason: { code: 'note-flux-reverts', details } };
  const at = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return { ...common, reason: { code: 'note-flux-reverts-at', details: { ...details, at } }, atMs };
}

/** Reasons of `Ready: False` with which Flux stops before it applies anything (kustomize-controller api/v1 and helm-controller api/v2). */
const BEFORE_APPLY = new Set(['ArtifactFailed', 'BuildFailed', 'DependencyNotReady', 'SourceNotReady']);

function failureBeforeApply(controller: KubeObject): string | undefined {
  const ready = arrayAt(controller, 'status', 'conditions').find((condition) => stringAt(condition, 'type') === 'Ready');
  const reason = stringAt(ready, 'reason') ?? '';
  return stringAt(ready, 'status') === 'False' && BEFORE_APPLY.has(reason) ? reason : undefined;
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
