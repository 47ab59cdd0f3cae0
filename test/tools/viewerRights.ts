/** One object to create: the path of its collection in the API, and its body. */
export interface NewObject {
  readonly path: string;
  readonly body: object;
}

const RBAC = 'rbac.authorization.k8s.io';

function binding(name: string, role: string): NewObject {
  return {
    path: `/apis/${RBAC}/v1/clusterrolebindings`,
    body: {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: RBAC, kind: 'Group', name: 'plumbline:viewers' }],
    },
  };
}

/**
 * The rights of the group `plumbline:viewers`: `view`, plus reading of what the built-in role leaves out and a reader of drift needs.
 * The role that `view` aggregates is bound itself, since it is the controller manager that fills `view`.
 */
export function viewerRights(): readonly NewObject[] {
  const rules = [
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [RBAC], resources: ['*'], verbs: ['get', 'list', 'watch'] },
  ];
  const role = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: 'plumbline-viewer' }, rules };
  return [
    { path: `/apis/${RBAC}/v1/clusterroles`, body: role },
    binding('plumbline-viewer-view', 'system:aggregate-to-view'),
    binding('plumbline-viewer', 'plumbline-viewer'),
  ];
}
