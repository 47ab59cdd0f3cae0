import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldSides, LineFacts } from '../../../src/engine/model/lineFacts.ts';
import type { LineMark } from '../../../src/engine/model/snapshot.ts';
import { codeActionsOf } from '../../../src/server/codeActions.ts';
import { toDiagnostics } from '../../../src/server/diagnostics.ts';
import { hoverOf } from '../../../src/server/hover.ts';
import type { IgnoreOffer } from '../../../src/server/ignoreOffers.ts';
import { lineMark } from '../extension/support.ts';

const mark = lineMark(7, { time: '2026-11-20T14:02:00Z' });

function hoverText(marks: readonly LineMark[], line: number, facts?: LineFacts): string | undefined {
  const hover = hoverOf(marks, line, facts);
  return hover === null || typeof hover.contents !== 'object' || !('value' in hover.contents) ? undefined : hover.contents.value;
}

test('the hover of a marked line has both values, who and when, and the actions as links', () => {
  const text = hoverText([mark], 7) ?? '';
  for (const part of ['`2`', '`5`', '`kubectl-scale`', '2026-11-20T14:02:00Z', 'command:plumbline.openDiff', 'command:plumbline.revert']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.equal(hoverText([mark], 8), undefined);
});

test('what comes from the cluster cannot break out of the hover', () => {
  const text = hoverText([{ ...mark, live: '`|[x](command:evil)', manager: 'a`b' }], 7) ?? '';
  assert.ok(!text.includes('`|['));
  assert.ok(text.includes("'\\|[x](command:evil)"));
});

test('Problems say what is live, where, and by whom, as information', () => {
  assert.deepEqual(
    toDiagnostics([mark, { ...mark, kind: 'missing', fieldId: undefined } as unknown as LineMark], []).map(({ message, severity }) => [
      severity,
      message,
    ]),
    [
      [3, 'Deployment/web spec.replicas is 5 in shop (prod), 2 in Git, changed by kubectl-scale at 2026-11-20T14:02:00Z'],
      [3, 'Deployment/web is not in the cluster: shop (prod)'],
    ],
  );
});

test('what is only waiting to be applied offers no revert', () => {
  const titles = (kind: LineMark['kind']): string[] => codeActionsOf([{ ...mark, kind }], 7, 7).map((action) => action.title);
  assert.deepEqual(titles('changed'), [
    'Revert live replicas to Git in prod',
    'Adopt live replicas from prod into the file',
    'Ignore replicas of Deployment/web in prod',
    'Remove replicas from Git in prod',
    'Open diff of Deployment/web: prod live ↔ Git',
  ]);
  assert.deepEqual(titles('added'), [
    'Revert live replicas to Git in prod',
    'Adopt live replicas from prod into the file',
    'Ignore replicas of Deployment/web in prod',
    'Open diff of Deployment/web: prod live ↔ Git',
  ]);
  const image = { ...mark, fieldId: 'spec.template.spec.containers[name=web].image' };
  const elsewhere = { ...image, range: { ...mark.range, startLine: 20, endLine: 20 }, fieldId: 'spec.paused' };
  const several = codeActionsOf([mark, image, elsewhere], 7, 7).slice(-4);
  assert.deepEqual(
    several.map(({ title, command }) => [title, command?.command, JSON.stringify(command?.arguments).match(/applicationId/g)?.length]),
    [
      ['Revert all 2 live fields of these lines to Git', 'plumbline.revert', 2],
      ['Adopt all 2 live values of these lines into the files', 'plumbline.adopt', 2],
      ['Ignore all 2 fields of these lines', 'plumbline.ignoreField', 2],
      ['Adopt all live changes of Deployment/web from prod into the files', 'plumbline.adopt', 1],
    ],
  );
  const masked = codeActionsOf([{ ...mark, git: '••••', live: '•••• (changed)' }], 7, 7).map(({ command }) => command?.command);
  assert.deepEqual(masked, ['plumbline.revert', 'plumbline.ignoreField', 'plumbline.openDiff']);
  assert.deepEqual(titles('out-of-sync'), ['Open diff of Deployment/web: prod live ↔ Git']);
});

test('an ignore rule is offered with its place and all that it hides, or not, with the reason', () => {
  const image = { ...mark, fieldId: 'spec.template.spec.containers[name=web].image' };
  const offers = new Map<LineMark, IgnoreOffer>([
    [mark, { place: 'Application argocd/shop in owners/shop.yaml', others: 2 }],
    [image, { refusal: 'Nobody owns it.' }],
  ]);
  const ignores = codeActionsOf([mark, image], 7, 7, offers).filter(({ command }) => command?.command === 'plumbline.ignoreField');
  assert.deepEqual(
    ignores.map(({ title, disabled }) => [title, disabled?.reason]),
    [
      ['Ignore replicas of Deployment/web in prod: a rule in Application argocd/shop in owners/shop.yaml, which hides 2 more', undefined],
      ['Ignore image of Deployment/web in prod', 'Nobody owns it.'],
    ],
  );
});

test('the hover names every side, those that agree in one row; who wrote the live value; one column per application', () => {
  const side: FieldSides = {
    applicationId: 'prod/shop',
    applicationName: 'shop',
    environment: 'prod',
    context: 'prod-eu',
    objectKey: 'apps/Deployment/shop/web',
    object: 'Deployment/web',
    fieldId: 'spec.replicas',
    git: '2',
    live: '5',
    working: '3',
    head: '2',
    synced: null,
    manager: 'kubectl-scale',
    time: '2026-11-20T14:02:00Z',
  };
  const rows = (text: string | undefined): readonly string[] => (text ?? '').split('\n').filter((line) => line.startsWith('| '));
  assert.deepEqual(rows(hoverText([mark], 7, { sides: [side] })), [
    '| | value |',
    '| working tree | `3` |',
    '| HEAD, Git | `2` |',
    '| last sync | `not set` |',
    '| live | `5` |',
  ]);
  const { synced: _none, ...unrecorded } = side;
  const same = { ...unrecorded, working: '2', live: '2' };
  const other = { ...same, applicationId: 'dev/shop', environment: 'dev', git: '1', working: '1', head: '1', live: '1', manager: 'flux' };
  assert.deepEqual(rows(hoverText([], 7, { sides: [same, other] })), [
    '| | prod/shop | dev/shop |',
    '| working tree, HEAD, Git, live | `2` | `1` |',
    '| last written by | `kubectl-scale`, 2026-11-20T14:02:00Z | `flux`, 2026-11-20T14:02:00Z |',
  ]);
  assert.match(hoverText([], 7, { sides: [same, other] }) ?? '', /\[Open Diff: prod\/shop\]\(command:plumbline\.openDiff/);
});

test('the hover of a mark has every action that applies as a link, and the words on the field', () => {
  const commands = (over: Partial<LineMark>): readonly string[] =>
    [...(hoverText([{ ...mark, ...over }], 7) ?? '').matchAll(/\(command:plumbline\.(\w+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    [commands({}), commands({ kind: 'added' }), commands({ kind: 'out-of-sync' }), commands({ live: '•••••• (different)' })],
    [
      ['openDiff', 'threeSides', 'adopt', 'revert', 'ignoreField', 'removeFromGit'],
      ['openDiff', 'threeSides', 'adopt', 'revert', 'ignoreField'],
      ['openDiff', 'threeSides'],
      ['openDiff', 'threeSides', 'revert', 'ignoreField'],
    ],
  );
  const notes = [{ code: 'note-written-by', details: { who: 'kubectl-scale' } }];
  const commit = { shortId: '4f2c1d0', author: 'Mara', subject: 'Scale', atMs: Date.UTC(2026, 0, 2) };
  const text = hoverText([{ ...mark, notes }], 7, { sides: [], documentation: 'Number of desired pods.', commit }) ?? '';
  for (const part of ['Number of desired pods', '4f2c1d0 Scale · Mara, 2026-01-02']) assert.ok(text.includes(part), `${part} in ${text}`);
});
