import type { SyncPlans, SyncStep } from '../../../src/engine/model/sync.ts';
import { fieldDifference } from './fieldDifference.ts';

const base = { applicationId: 'prod/shop', fields: [], undoes: [], wave: 0, isUnverified: false };

function step(group: string, kind: string, name: string, changes: Partial<SyncStep> & Pick<SyncStep, 'action'>): SyncStep {
  return { ...base, key: { group, kind, namespace: 'shop', name }, ...changes };
}

/** A plan with one of everything: a live change that is undone, a create, a prune that must be ticked, a refusal, an unchanged object. */
export const syncPlans: SyncPlans = {
  plans: [
    {
      id: 'plan-1',
      kind: 'sync',
      context: 'prod-eu',
      clusterUid: 'uid',
      environment: 'prod',
      namespaces: ['shop'],
      isProtected: true,
      applications: [
        {
          applicationId: 'prod/shop',
          name: 'shop',
          namespace: 'shop',
          revision: '4f2c1d0'.padEnd(40, '0'),
          revisionName: 'origin/main',
          prune: true,
          isDirty: false,
          hasUnfinished: false,
        },
      ],
      steps: [
        step('apps', 'Deployment', 'web', {
          action: 'configure',
          undoes: ['spec.replicas'],
          fields: [
            fieldDifference({
              git: 2,
              live: 5,
              writer: { manager: 'kubectl-scale', operation: 'Update', time: new Date(2026, 10, 21, 14, 2).toISOString() },
            }),
          ],
        }),
        step('', 'ConfigMap', 'settings', { action: 'create' }),
        step('', 'PersistentVolumeClaim', 'data', { action: 'prune', tick: 'PersistentVolumeClaim' }),
        step('', 'Service', 'web', { action: 'skipped', reason: { code: 'some-cause', details: {} } }),
        step('', 'ServiceAccount', 'web', { action: 'unchanged' }),
      ],
    },
  ],
  refused: [
    {
      applicationId: 'prod/shop',
      key: { group: 'batch', kind: 'Job', namespace: 'shop', name: 'migrate' },
      outcome: 'refused',
      reason: { code: 'some-cause', details: {} },
    },
  ],
};
