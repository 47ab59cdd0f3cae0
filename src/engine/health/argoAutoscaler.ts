import { parseApiVersion, annotationsOf, type KubeObject } from '../model/objects.ts';
import type { JsonValue } from '../model/json.ts';
import type { Health } from '../model/states.ts';
import { conditionsOf, conditionText, readConditions, type Condition } from './reading.ts';

const failures: Readonly<Record<string, readonly string[]>> = {
  AbleToScale: ['FailedGetScale', 'FailedUpdateScale'],
  ScalingActive: [
    'FailedGetResourceMetric',
    'FailedGetObjectMetric',
    'FailedGetPodsMetric',
    'FailedGetExternalMetric',
    'FailedComputeMetricsReplicas',
    'InvalidSelector',
  ],
};

/**
 * Argo's health of a HorizontalPodAutoscaler: v2 by its conditions, v1 by those that its annotation carries.
 * Source: argo-cd gitops-engine/pkg/health/health_hpa.go.
 */
export function autoscalerHealth(object: KubeObject): Health {
  const conditions = autoscalerConditions(object);
  for (const condition of conditions) {
    if (condition.status === 'False' && failures[condition.type]?.includes(condition.reason) === true) {
      return { status: 'degraded', message: conditionText(condition) };
    }
  }
  const works = conditions.some(
    (condition) => condition.status === 'True' && (condition.type === 'AbleToScale' || condition.type === 'ScalingLimited'),
  );
  return works ? { status: 'healthy' } : { status: 'progressing', message: 'waiting to scale' };
}

function autoscalerConditions(object: KubeObject): readonly Condition[] {
  if (parseApiVersion(object.apiVersion).version !== 'v1') return conditionsOf(object);
  const text = annotationsOf(object)['autoscaling.alpha.kubernetes.io/conditions'];
  if (text === undefined) return [];
  try {
    return readConditions(JSON.parse(text) as JsonValue);
  } catch {
    return [];
  }
}
