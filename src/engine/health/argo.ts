import { stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { autoscalerHealth } from './argoAutoscaler.ts';
import { podHealth } from './argoPod.ts';
import { apiServiceHealth, cronJobHealth, ingressHealth, jobHealth, persistentVolumeClaimHealth, serviceHealth } from './argoResources.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './argoWorkloads.ts';
import { groupKind } from './reading.ts';

type Check = (object: KubeObject, nowMs: number) => Health;

const checks: Readonly<Record<string, Check>> = {
  'apps/Deployment': deploymentHealth,
  'apps/StatefulSet': statefulSetHealth,
  'apps/DaemonSet': daemonSetHealth,
  'apps/ReplicaSet': replicaSetHealth,
  Pod: podHealth,
  PersistentVolumeClaim: persistentVolumeClaimHealth,
  Service: serviceHealth,
  'networking.k8s.io/Ingress': ingressHealth,
  'extensions/Ingress': ingressHealth,
  'batch/Job': jobHealth,
  'batch/CronJob': cronJobHealth,
  'apiregistration.k8s.io/APIService': apiServiceHealth,
  'autoscaling/HorizontalPodAutoscaler': autoscalerHealth,
  'argoproj.io/Workflow': workflowHealth,
};

/**
 * Health by Argo CD's built-in table, or undefined when that table has no check for the kind. Deletion is judged
 * before, by the caller. Source: argo-cd gitops-engine/pkg/health.
 */
export function argoHealthOf(object: KubeObject, nowMs: number): Health | undefined {
  return checks[groupKind(object)]?.(object, nowMs);
}

function workflowHealth(object: KubeObject): Health {
  const message = stringAt(object, 'status', 'message');
  const withMessage = message === undefined ? {} : { message };
  switch (stringAt(object, 'status', 'phase') ?? '') {
    case '':
    case 'Pending':
    case 'Running':
      return { status: 'progressing', ...withMessage };
    case 'Succeeded':
      return { status: 'healthy', ...withMessage };
    case 'Failed':
    case 'Error':
      return { status: 'degraded', ...withMessage };
    default:
      return { status: 'unknown', ...withMessage };
  }
}
