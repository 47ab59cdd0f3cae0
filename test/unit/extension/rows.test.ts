import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationText, needsAttention } from '../../../src/extension/words/applicationText.ts';
import { clusterText } from '../../../src/extension/words/clusterText.ts';
import { childText, fieldLabel, fieldText, objectText } from '../../../src/extension/words/objectText.ts';
import { escapeMarkdown } from '../../../src/extension/words/rowText.ts';
import { application, at, cluster, fieldRow, nowMs, objectRow, words } from './support.ts';

test('rows of applications: description, icon, what a screen reader says', () => {
  const cases = [
    application(),
    application({ state: 'drifted', driftedObjects: 3, driftedFields: 4, commitsBehind: 2, health: { status: 'progressing' } }),
    application({ state: 'differs', driftedObjects: 1 }),
    application({ state: 'out of sync', commitsBehind: 3, isEdited: true }),
    application({ state: 'missing', health: { status: 'missing' } }),
    application({ state: 'cannot compare', reasons: [{ code: 'broken', details: {} }] }),
    application({ health: { status: 'degraded', message: 'web-1: CrashLoopBackOff' } }),
    application({
      unfinishedSync: { revision: '4f2c1d0', at: '2026-11-21T10:00:00Z', by: 'ann@laptop' },
      dirtySince: '2026-11-21T10:00:00Z',
    }),
    application({ runningSync: { by: 'ann@laptop', until: '2026-11-21T10:00:00Z' } }),
  ];
  assert.deepEqual(
    cases.map((row) => {
      const text = applicationText(row, cluster(), undefined, words);
      return [text.description, text.look.icon, text.accessibility, needsAttention(row)];
    }),
    [
      ['synced', 'pass', 'application shop, prod, synced', false],
      ['3 drifted · 2 behind · progressing', 'diff-modified', 'application shop, prod, 3 drifted · 2 behind, progressing', true],
      ['1 differs', 'git-compare', 'application shop, prod, 1 differs', true],
      ['out of sync · 3 behind · edited', 'arrow-circle-up', 'application shop, prod, out of sync · 3 behind, edited', false],
      ['missing', 'diff-removed', 'application shop, prod, missing, not running', true],
      ['cannot compare', 'circle-slash', 'application shop, prod, cannot compare', true],
      ['synced · degraded', 'pass', 'application shop, prod, synced, degraded', true],
      ['synced · its sync did not end · dirty', 'pass', 'application shop, prod, synced, its sync did not end, dirty', true],
      ['synced · ann@laptop syncs it', 'pass', 'application shop, prod, synced, ann@laptop syncs it', false],
    ],
  );
});

test('Restricted Mode is no reason for attention', () => {
  const row = application({ state: 'cannot compare', reasons: [{ code: 'workspace-untrusted', details: {} }] });
  assert.equal(needsAttention(row), false);
});

test('a stale row tells the last state, its age and why', () => {
  const row = application({ staleSinceMs: nowMs - 12 * 60_000 });
  const text = applicationText(row, cluster({ status: 'unreachable' }), 'prod', words);
  assert.deepEqual([text.description, text.look.icon], ['prod · synced, 12 min ago, cluster unreachable', 'history']);
});

test('a suggestion tells its path and what it is', () => {
  const {
    context: _context,
    environment: _environment,
    ...rest
  } = application({ state: 'no destination', origin: 'convention', path: '' });
  const text = applicationText(rest, undefined, undefined, words);
  assert.deepEqual([text.description, text.contextValue], ['/ · kustomize', 'plumbline:application+suggestion']);
});

test('context values tell what menus offer: only what Plumbline owns is reverted', () => {
  const drifted = { state: 'drifted', driftedObjects: 1, driftedFields: 1 } as const;
  const value = (row: Parameters<typeof applicationText>[0]): string => applicationText(row, cluster(), undefined, words).contextValue;
  assert.deepEqual(
    [value(application(drifted)), value(application({ ...drifted, owner: 'argocd' })), value(application())],
    [
      'plumbline:application+compared+drifted+revertable+syncable',
      'plumbline:application+compared+drifted',
      'plumbline:application+compared+syncable',
    ],
  );
});

test('rows of objects, fields and children', () => {
  const drifted = objectRow({ state: 'drifted', fields: [fieldRow(), fieldRow({ id: 'spec.paused' })], namespace: 'other' });
  const object = objectText(drifted, application(), words);
  const field = fieldText(fieldRow(), application(), words);
  const added = fieldText(
    fieldRow({ id: 'metadata.labels.debug', change: 'added', live: 'true', isConfirmed: false }),
    application(),
    words,
  );
  const { git: _git, ...withoutGit } = fieldRow({ change: 'added', time: at(9, 30, 2) });
  const old = fieldText(withoutGit, application(), words);
  const masked = fieldText(fieldRow({ id: 'data.password', isMasked: true, git: '(masked 1)', live: '(masked 2)' }), application(), words);
  const pod = childText(
    {
      key: '/Pod/shop/web-1',
      uid: 'u',
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: 'web-1',
      health: { status: 'degraded', message: 'CrashLoopBackOff' },
      hasChildren: false,
      containers: ['web'],
      createdAt: at(10, 0),
    },
    words,
  );
  assert.deepEqual(
    [object, field, added, old, masked, pod].map((text) => [text.label, text.description, text.contextValue]),
    [
      ['Deployment/web', 'other · drifted · 2 fields', 'plumbline:object+live+drifted+revertable+syncable'],
      ['spec.replicas: 2 → 5', 'kubectl-scale, 11:02', 'plumbline:field+revertable'],
      ['metadata.labels.debug: 2 → true', 'kubectl-scale, 11:02 · not confirmed', 'plumbline:field+revertable'],
      ['spec.replicas: ∅ → 5', 'kubectl-scale, 12 Mar 09:30', 'plumbline:field+revertable'],
      ['data.password: changed', 'kubectl-scale, 11:02', 'plumbline:field+revertable'],
      ['Pod/web-1', 'degraded · CrashLoopBackOff · 2 h ago', 'plumbline:child+live+pod'],
    ],
  );
  assert.equal(masked.tooltip().includes('masked 1') || masked.accessibility.includes('masked 1'), false);
});

test('labels of fields: long paths lose their start, long values what they share', () => {
  const label = (id: string, git?: string, live?: string): string => {
    const { git: _git, live: _live, ...row } = fieldRow({ id });
    return fieldLabel({ ...row, ...(git === undefined ? {} : { git }), ...(live === undefined ? {} : { live }) }, words);
  };
  assert.deepEqual(
    [
      label('spec.template.spec.containers[name=web].image', 'registry.example/shop/web:4.12.0', 'registry.example/shop/web:4.11.1-hotfix'),
      label('metadata.annotations["nginx.ingress.kubernetes.io/proxy-body-size"]', '4m'),
      label('spec.template.metadata.annotations.checksum', 'aaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbb'),
      label('spec.paused', undefined, 'true'),
    ],
    [
      '…containers[name=web].image: …4.12.0 → …4.11.1-hotfix',
      '…["nginx.ingress.kubernetes.io/proxy-body-size"]: 4m → ∅',
      '…metadata.annotations.checksum: aaaaaaaaaaaaaaaaaaaaaaaaaa → bbbbbbbbbbbbbbbbbbbbbbbbbb',
      'spec.paused: ∅ → true',
    ],
  );
});

test('rows of clusters', () => {
  assert.deepEqual(
    [
      cluster({ serverVersion: 'v1.36.3', canWrite: false }),
      cluster({ status: 'unreachable', lastSeenMs: nowMs - 7_200_000 }),
      cluster({ status: 'sign-in', environments: [] }),
    ].map((row) => {
      const text = clusterText(row, words);
      return [text.description, text.accessibility, text.contextValue];
    }),
    [
      ['v1.36.3 · prod · read only', 'cluster prod-eu, connected, read only', 'plumbline:cluster'],
      ['cluster unreachable · last seen 2 h ago · prod', 'cluster prod-eu, cluster unreachable', 'plumbline:cluster'],
      ['sign in needed', 'cluster prod-eu, sign in needed', 'plumbline:cluster+signIn'],
    ],
  );
});

test('an object that Git does not have says in its tooltip whether its owner deletes it', () => {
  const forecast = [{ code: 'prune-argo-soon', details: { name: 'argocd/shop' } }];
  const lines = objectText(objectRow({ state: 'extraneous', forecast }), undefined, words)
    .tooltip()
    .split('\n\n');
  assert.ok(lines.includes(escapeMarkdown(words.reasonWords(forecast[0] ?? assert.fail()))), lines.join('\n'));
});

test('names from the repo cannot write Markdown into a tooltip', () => {
  const text = applicationText(application({ name: '[x](command:evil) <img> $(zap)' }), undefined, undefined, words);
  assert.equal(text.tooltip().startsWith('**\\[x\\]\\(command:evil\\) \\<img\\> \\$\\(zap\\)**'), true);
  assert.equal(escapeMarkdown('a*b_c`d'), 'a\\*b\\_c\\`d');
});
