import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, type ExplainContext, toolOf } from '../../../src/engine/drift/explain.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import { messageTemplates } from '../../../src/engine/model/messageTemplates.ts';
import type { FieldDifference, FieldWriter } from '../../../src/engine/model/states.ts';
import { fieldDifference } from '../support/fieldDifference.ts';

const TIME = '2026-01-01T14:02:00Z';

const field = (over: Partial<FieldDifference> = {}): FieldDifference => fieldDifference({ git: 2, live: 5, ...over });

const by = (manager: string, over: Partial<FieldWriter> = {}): FieldWriter => ({ manager, operation: 'Update', time: TIME, ...over });

const cases: readonly { name: string; field: Partial<FieldDifference>; context?: ExplainContext; codes: readonly string[] }[] = [
  { name: 'a hand edit that stays', field: { writer: by('kubectl-edit') }, codes: ['note-written-by-person', 'note-stays'] },
  {
    name: 'kubectl scale',
    field: { writer: by('kubectl', { subresource: 'scale' }) },
    codes: ['note-written-by-person', 'note-stays'],
  },
  {
    name: 'an autoscaler through /scale',
    field: { writer: by('kube-controller-manager', { subresource: 'scale' }) },
    context: { autoscaler: 'ScaledObject/web' },
    codes: ['note-written-by-autoscaler', 'note-autoscaled', 'note-stays'],
  },
  {
    name: 'another controller, under an owner that reverts',
    field: { writer: by('my-operator') },
    context: { forecast: { code: 'forecast', details: {} } },
    codes: ['note-written-by-controller', 'forecast'],
  },
  { name: 'a program that nobody knows', field: { writer: by('deployer') }, codes: ['note-written-by-tool', 'note-stays'] },
  {
    name: 'Git moved on',
    field: { direction: 'out of sync', writer: by('kubectl', { operation: 'Apply' }) },
    context: { manager: 'kubectl' },
    codes: ['note-written-by-owner', 'note-waits'],
  },
  { name: 'a removal', field: { change: 'removed', direction: 'differs' }, codes: ['note-removed-by-nobody'] },
  { name: 'a default', field: { change: 'added', direction: 'out of sync' }, codes: ['note-held-by-nobody', 'note-waits'] },
  {
    name: 'another spelling',
    field: { isCosmetic: true, writer: by('kubectl-patch') },
    codes: ['note-written-by-person', 'note-same-value'],
  },
  {
    name: 'a rollout restart',
    field: { isCosmetic: true, path: [{ field: 'kubectl.kubernetes.io/restartedAt' }], writer: by('kubectl-rollout') },
    codes: ['note-written-by-person', 'note-restarted'],
  },
  {
    name: 'a reader without the right to dry-run',
    field: { isConfirmed: false, writer: by('kubectl-patch') },
    codes: ['note-written-by-person', 'note-not-confirmed', 'note-stays'],
  },
  {
    name: 'resources under a VerticalPodAutoscaler',
    field: { id: 'spec.template.spec.containers[name=web].resources.limits.cpu', writer: by('kubectl-set') },
    context: { sizer: 'VerticalPodAutoscaler/web' },
    codes: ['note-written-by-person', 'note-sized', 'note-stays'],
  },
];

for (const each of cases) {
  test(`explains ${each.name}`, () => {
    const notes = explain(field(each.field), each.context ?? {});
    assert.deepEqual(
      notes.map((note) => note.code),
      each.codes,
    );
    for (const { code, details } of notes.filter((note) => note.code !== 'forecast')) {
      const places = [...(messageTemplates[code] ?? '{unknown code}').matchAll(/\{(\w+)\}/g)].map(([, place]) => place ?? '');
      assert.deepEqual(
        places.filter((place) => details[place] === undefined),
        [],
        `${code} has no words for all its places`,
      );
    }
  });
}

test('what people read of a field: who, with what, when, whose it is, and whether it stays', () => {
  const read = (over: Partial<FieldDifference>, context: ExplainContext = {}): readonly string[] =>
    explain(field(over), context).map(({ code, details }) => describe(code, details));
  const at = '2026-01-01T14:02:00Z';
  const resources = 'spec.template.spec.containers[name=web].resources.limits.cpu';
  const scaled = by('kube-controller-manager', { subresource: 'scale' });
  assert.deepEqual(
    {
      hand: read({ writer: by('kubectl-edit') }),
      hpa: read({ writer: scaled }, { autoscaler: 'HorizontalPodAutoscaler/web' }),
      keda: read({ writer: by('keda-operator', { subresource: 'scale' }) }, { autoscaler: 'ScaledObject/web' }),
      vpa: read({ id: resources, writer: by('kubectl-set') }, { sizer: 'VerticalPodAutoscaler/web' }),
      serverDefault: read({ change: 'added', direction: 'out of sync' }),
      cosmetic: read({ isCosmetic: true, git: '1', live: '1000m', writer: by('kubectl-patch') }),
      unconfirmed: read({ isConfirmed: false, writer: by('my-operator') }),
    },
    {
      hand: [`Changed by hand with kubectl edit, ${at}.`, 'Nobody reverts it by itself; the next sync does.'],
      hpa: [
        `Scaled by kube-controller-manager, ${at}.`,
        'HorizontalPodAutoscaler/web scales this object. Remove the field from Git, or the next sync works against it.',
        'Nobody reverts it by itself; the next sync does.',
      ],
      keda: [
        `Scaled by keda-operator, ${at}.`,
        'ScaledObject/web scales this object. Remove the field from Git, or the next sync works against it.',
        'Nobody reverts it by itself; the next sync does.',
      ],
      vpa: [
        `Changed by hand with kubectl set, ${at}.`,
        'VerticalPodAutoscaler/web sizes the Pods of this object, whatever these values say.',
        'Nobody reverts it by itself; the next sync does.',
      ],
      serverDefault: ['No field manager holds it: the server filled it in.', 'Git has moved on; the next sync changes it.'],
      cosmetic: [`Changed by hand with kubectl patch, ${at}.`, 'Both mean the same, in another spelling; it does not count.'],
      unconfirmed: [
        `Written by the controller my-operator, ${at}.`,
        'Not confirmed: without the right to dry-run only what the object itself shows is known.',
        'Nobody reverts it by itself; the next sync does.',
      ],
    },
  );
});

test('tools by the names that people know', () => {
  assert.deepEqual(
    [toolOf('kubectl-edit'), toolOf('kubectl', 'scale'), toolOf('kubectl-client-side-apply'), toolOf('argocd-server'), toolOf('deployer')],
    ['kubectl edit', 'kubectl scale', 'kubectl apply', 'the web page of Argo CD', 'deployer'],
  );
});

test('a write through /scale has no time, and the words claim none', () => {
  const texts = [by('kubectl'), { manager: 'kubectl', operation: 'Update' as const, subresource: 'scale' }].map((writer) => {
    const [note] = explain(field({ writer }), {});
    return note === undefined ? '' : describe(note.code, note.details);
  });
  assert.deepEqual(texts, [`Changed by hand with kubectl apply --server-side, ${TIME}.`, 'Changed by hand with kubectl scale.']);
});
