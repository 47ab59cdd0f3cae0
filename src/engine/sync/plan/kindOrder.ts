import type { ObjectKey } from '../../model/objects.ts';

/**
 * Helm's install order (helm.sh/helm `pkg/release/util/kind_sorter.go`, `InstallOrder`), with CustomResourceDefinitions after
 * Namespaces, since custom resources need them. Kinds that are not listed come after the listed ones, webhooks last.
 */
const installOrder: readonly string[] = [
  'PriorityClass',
  'Namespace',
  'CustomResourceDefinition',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

const lastKinds: readonly string[] = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

function rank(kind: string): number {
  const listed = installOrder.indexOf(kind);
  if (listed >= 0) return listed;
  const last = lastKinds.indexOf(kind);
  return installOrder.length + (last < 0 ? 0 : last + 1);
}

/** Orders keys as they are to be applied: by kind, then namespace, then name. A comparator for `sort`. */
export function byApplyOrder(left: ObjectKey, right: ObjectKey): number {
  return (
    rank(left.kind) - rank(right.kind) ||
    compareText(left.kind, right.kind) ||
    compareText(left.namespace, right.namespace) ||
    compareText(left.name, right.name)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
