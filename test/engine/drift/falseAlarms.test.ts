import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from '../render/support.ts';
import { oracleCases } from './alarms/oracle.ts';
import { reportCases } from './alarms/reports.ts';
import { serverCases } from './alarms/server.ts';
import { toolCases } from './alarms/tools.ts';
import { valueCases } from './alarms/values.ts';
import { type AlarmCase, seenOf, type Seen, type Way, wholeOf, World } from './alarms/world.ts';
import { type Fixture, startFixture } from './fixture.ts';
import { installDefinition, plainGadgetDefinition, installWidgets } from './widgets.ts';

// Every source of false alarms of reference/engine.md §1.4 and every field report of product.md §b that is about drift, by their numbers
// there, each on the real API server: made live, judged as the admin, and judged again as somebody who may only read.
const ALL_SOURCES = Array.from({ length: 23 }, (_none, index) => index + 1);
const ALL_REPORTS = [1, 2, 3, 9, 15, 23];
const cases: readonly AlarmCase[] = [...valueCases(), ...serverCases(), ...toolCases(), ...reportCases(), ...oracleCases()];
const BOTH: readonly Way[] = ['server-side', 'client-side'];

let fixture: Fixture;
let renders: RenderService;
let count = 0;
const verdicts: { readonly name: string; readonly verdict: Verdict }[] = [];

before(async () => {
  [fixture, renders] = await Promise.all([startFixture(), makeService()]);
  await installWidgets(fixture);
  await installDefinition(fixture, plainGadgetDefinition, { apiVersion: 'shop.example.com/v1', kind: 'Gadget', metadata: { name: 'g' } });
});

after(async () => {
  renders.dispose();
  await fixture.stop();
});

async function newWorld(way: Way): Promise<World> {
  count += 1;
  const namespace = `alarm-${count}`;
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  assert.equal((await fixture.admin.call('POST', '/api/v1/namespaces', body)).status, 201);
  return new World(fixture, renders, namespace, way);
}

function expectedOf({ expected }: AlarmCase, way: Way): Seen {
  return wholeOf('state' in expected ? expected : expected[way]);
}

test('every source and every report has a case', () => {
  const numbers = (pick: (each: AlarmCase) => readonly number[]): readonly number[] =>
    [...new Set(cases.flatMap(pick))].sort((left, right) => left - right);
  assert.deepEqual([numbers((each) => each.sources), numbers((each) => each.reports ?? [])], [ALL_SOURCES, ALL_REPORTS]);
});

for (const each of cases) {
  const numbers = [...each.sources.map((number) => `#${number}`), ...(each.reports ?? []).map((number) => `report ${number}`)].join(', ');
  for (const way of each.ways ?? BOTH) {
    const title = `${numbers}, ${way}: ${each.name}`;
    test(title, async () => {
      const world = await newWorld(way);
      try {
        const { git, options } = await each.setUp(world);
        const verdict = await fixture.judgeBoth(git, options);
        verdicts.push({ name: title, verdict });
        const expected = expectedOf(each, way);
        assert.deepEqual(seenOf(verdict, expected), expected);
      } finally {
        for (const cleanUp of world.cleanups.reverse()) await cleanUp();
      }
    });
  }
}

test('report 1: no case differs without a field to show, and what was left out says why', () => {
  assert.ok(verdicts.length > ALL_SOURCES.length);
  const isDifferent = ({ state }: Verdict): boolean => ['drifted', 'differs', 'out of sync'].includes(state);
  const silent = verdicts.filter(({ verdict }) => isDifferent(verdict) && verdict.fields.every((field) => field.isCosmetic));
  const unexplained = verdicts.filter(({ verdict }) => verdict.ignored.some(({ by, reason }) => by === '' || reason === undefined));
  assert.deepEqual([silent.map(({ name }) => name), unexplained.map(({ name }) => name)], [[], []]);
});

test('what is left out says why in words: autoscalers, certificates, admission, randomness', () => {
  const reasons = verdicts.flatMap(({ verdict }) => verdict.ignored.flatMap(({ reason }) => reason ?? []));
  const texts = [...new Set(reasons.map(({ code, details }) => describe(code, details)))].sort();
  const scaled = ' sets it. Removing it from Git keeps a sync from working against that.';
  assert.deepEqual(texts, [
    'Admission changes it: a mutating webhook or policy sets this value whatever Git says.',
    'Every render of the chart gives another value, so no difference means anything.',
    `HorizontalPodAutoscaler/web${scaled}`,
    `ScaledObject/web${scaled}`,
    'The controller cert-manager-cainjector puts the certificate authority in.',
    `kube-controller-manager${scaled}`,
  ]);
});

test('report 2: changes of status ask the server nothing', async () => {
  const world = await newWorld('server-side');
  const git = await world.common('deployment');
  await world.kubectl('scale', 'deployment/web', '--replicas=5');
  const { judge, context } = fixture.newJudge();
  const asked: number[] = [];
  for (const observedGeneration of [1, 2, 3]) {
    const before = fixture.admin.dryRuns;
    await judge.judge(await fixture.input(git), context);
    asked.push(fixture.admin.dryRuns - before);
    await world.write(git, 'kube-controller-manager', { status: { observedGeneration, replicas: 5 } }, '/status');
  }
  assert.deepEqual(asked, [1, 0, 0]);
});
