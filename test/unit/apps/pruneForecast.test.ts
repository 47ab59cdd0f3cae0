import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArgoProject } from '../../../src/engine/apps/argocd/forecast.ts';
import { argoPruneForecast, wantsConfirmation } from '../../../src/engine/apps/argocd/pruneForecast.ts';
import { openGate } from '../../../src/engine/apps/argocd/syncWindows.ts';
import { fluxPruneForecast } from '../../../src/engine/apps/flux/pruneForecast.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

const automated = { prune: true, selfHeal: true };

test('whether Argo CD deletes what Git does not have, by what its Application says', () => {
  const code = (syncPolicy: JsonObject, annotations: JsonObject = {}, status: JsonObject = {}, project?: ArgoProject): string => {
    const metadata = { name: 'shop', namespace: 'argocd', annotations };
    const application: KubeObject = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata, spec: { syncPolicy }, status };
    return argoPruneForecast(application, 'argocd/shop', project).reason.code;
  };
  const closed = (kind: 'allow' | 'deny'): ArgoProject => ({
    name: 'AppProject argocd/default',
    access: 'read',
    gate: { isOpen: false, isManualOpen: false, opensAtMs: 0, window: { project: 'default', text: '', kind, isBroken: false } },
  });
  assert.deepEqual(
    [
      code({ automated }, {}, {}, { name: 'AppProject argocd/default', access: 'forbidden', gate: openGate }),
      code({ automated }, {}, {}, closed('deny')),
      code({ automated }, {}, {}, closed('allow')),
      code({ automated }),
      code({ automated: { prune: true } }),
      code({ automated: { selfHeal: true } }),
      code({ automated: { ...automated, enabled: false } }),
      code({}),
      code({ automated, syncOptions: ['Prune=false'] }),
      code({ automated, syncOptions: ['Prune = confirm'] }),
      code({ automated }, { 'argocd.argoproj.io/skip-reconcile': 'true' }),
      code({ automated }, {}, { operationState: { phase: 'Failed' } }),
    ],
    [
      'prune-argo-windows-unknown',
      'prune-argo-window-deny',
      'prune-argo-window-allow',
      'prune-argo-soon',
      'note-argo-no-self-heal',
      'prune-argo-off',
      'prune-argo-manual',
      'prune-argo-manual',
      'prune-argo-option',
      'prune-argo-confirm',
      'note-argo-skips',
      'note-argo-failed',
    ],
  );
  const object = (options: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', annotations: { 'argocd.argoproj.io/sync-options': options } },
  });
  assert.deepEqual(['Prune=confirm', 'Delete=confirm', 'Replace=true, Prune=confirm'].map(object).map(wantsConfirmation), [
    true,
    false,
    true,
  ]);
});

test('whether Flux deletes what Git does not have, by what its Kustomization or HelmRelease says', () => {
  const code = (kind: string, spec: JsonObject, status: JsonObject = {}): string => {
    const controller: KubeObject = { apiVersion: 'x/v1', kind, metadata: { name: 'apps' }, spec: { interval: '5m', ...spec }, status };
    return fluxPruneForecast(controller, `${kind} flux-system/apps`, new Set()).reason.code;
  };
  const lastReconciled = new Date(Date.now() - 60_000).toISOString();
  assert.deepEqual(
    [
      code('Kustomization', { prune: true }),
      code('Kustomization', { prune: true }, { history: [{ lastReconciled }] }),
      code('Kustomization', { prune: true, suspend: true }),
      code('Kustomization', { prune: true }, { conditions: [{ type: 'Ready', status: 'False', reason: 'BuildFailed' }] }),
      code('Kustomization', {}),
      code('HelmRelease', { driftDetection: { mode: 'enabled' } }),
      code('HelmRelease', { suspend: true }),
    ],
    [
      'prune-flux-next',
      'prune-flux-at',
      'note-flux-suspended',
      'note-flux-fails',
      'prune-flux-off',
      'prune-flux-helm',
      'note-flux-suspended',
    ],
  );
});
