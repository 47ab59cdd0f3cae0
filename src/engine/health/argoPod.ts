import { arrayAt, stringAt, valueAt } from '../model/json.ts';
import { annotationsOf, type KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { podCause } from './podCause.ts';
import { conditionsOf, isTrue } from './reading.ts';

/**
 * Argo's health of a Pod, its messages replaced by the cause in one line.
 * Source: argo-cd gitops-engine/pkg/health/health_pod.go.
 */
export function podHealth(object: KubeObject, nowMs: number): Health {
  const cause = podCause(object, nowMs)?.text;
  const because = cause === undefined ? {} : { message: cause };
  const policy = stringAt(object, 'spec', 'restartPolicy') ?? 'Always';
  const ignoresPolicy = annotationsOf(object)['argocd.argoproj.io/ignore-restart-policy'] === 'true';
  const statuses = arrayAt(object, 'status', 'containerStatuses');
  if (policy === 'Always' || ignoresPolicy) {
    const isBlocked = statuses.some((status) => /^Err|Error$|BackOff$/.test(stringAt(status, 'state', 'waiting', 'reason') ?? ''));
    if (isBlocked) return { status: 'degraded', ...because };
  }
  switch (stringAt(object, 'status', 'phase') ?? '') {
    case 'Pending':
      return { status: 'progressing', message: cause ?? 'pending' };
    case 'Succeeded':
      return { status: 'healthy' };
    case 'Failed':
      return { status: 'degraded', message: cause ?? 'failed' };
    case 'Running': {
      if (policy !== 'Always') return { status: 'progressing', message: cause ?? 'running to completion' };
      if (isTrue(conditionsOf(object), 'Ready')) return { status: 'healthy' };
      const hasTerminated = statuses.some((status) => valueAt(status, 'lastState', 'terminated') !== undefined);
      return { status: hasTerminated ? 'degraded' : 'progressing', message: cause ?? 'running, not ready' };
    }
    default:
      return { status: 'unknown', ...because };
  }
}
