import { arrayAt, stringAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { jobCounts } from './kstatusCore.ts';
import { conditionsOf, conditionText, findCondition } from './reading.ts';

/** Argo's health of a PersistentVolumeClaim. Source: argo-cd gitops-engine/pkg/health/health_pvc.go. */
export function persistentVolumeClaimHealth(object: KubeObject): Health {
  switch (stringAt(object, 'status', 'phase')) {
    case 'Bound':
      return { status: 'healthy' };
    case 'Pending':
      return { status: 'progressing', message: 'not bound, phase Pending' };
    case 'Lost':
      return { status: 'degraded', message: 'its volume is lost' };
    default:
      return { status: 'unknown' };
  }
}

/** Argo's health of a Service. Source: argo-cd gitops-engine/pkg/health/health_service.go. */
export function serviceHealth(object: KubeObject): Health {
  if (stringAt(object, 'spec', 'type') !== 'LoadBalancer') return { status: 'healthy' };
  return balancerHealth(object);
}

/** Argo's health of an Ingress. Source: argo-cd gitops-engine/pkg/health/health_ingress.go. */
export function ingressHealth(object: KubeObject): Health {
  return balancerHealth(object);
}

function balancerHealth(object: KubeObject): Health {
  const hasAddress = arrayAt(object, 'status', 'loadBalancer', 'ingress').length > 0;
  return hasAddress ? { status: 'healthy' } : { status: 'progressing', message: 'no load balancer address yet' };
}

/** Argo's health of a Job. Source: argo-cd gitops-engine/pkg/health/health_job.go. */
export function jobHealth(object: KubeObject): Health {
  let isSuspended = false;
  for (const condition of conditionsOf(object)) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Failed') return { status: 'degraded', message: conditionText(condition) };
    if (condition.type === 'Complete') return { status: 'healthy' };
    if (condition.type === 'Suspended') isSuspended = true;
  }
  return isSuspended ? { status: 'suspended', message: 'suspended' } : { status: 'progressing', message: jobCounts(object) };
}

/** Health of a CronJob: suspended or healthy; what its Jobs came to is the tree's part. */
export function cronJobHealth(object: KubeObject): Health {
  return valueAt(object, 'spec', 'suspend') === true
    ? { status: 'suspended', message: 'the schedule is suspended' }
    : { status: 'healthy' };
}

/** Argo's health of an APIService. Source: argo-cd gitops-engine/pkg/health/health_apiservice.go. */
export function apiServiceHealth(object: KubeObject): Health {
  const available = findCondition(conditionsOf(object), 'Available');
  if (available?.status === 'True') return { status: 'healthy' };
  return { status: 'progressing', message: available === undefined ? 'waiting to be processed' : conditionText(available) };
}
