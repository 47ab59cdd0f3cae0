import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { placeText } from '../../../src/engine/model/application.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { until as eventually } from '../cluster/support.ts';
import { objectOf, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { application, deployment, type OwnerWorld } from './ownerWorld.ts';

/** An AppProject that lets everything in. */
function appProject(name: string, spec: JsonObject = {}): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], ...spec },
  };
}

/** A window that began five minutes ago. @param endsInMs from now, negative: it has ended */
function windowUntil(kind: string, endsInMs: number, more: JsonObject = {}): { window: JsonObject; text: string; ends: string } {
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 300_000;
  const start = new Date(startMs);
  const duration = `${String(Math.ceil((Date.now() + endsInMs - startMs) / 1000))}s`;
  const schedule = `${String(start.getUTCMinutes())} ${String(start.getUTCHours())} * * *`;
  return {
    window: { kind, schedule, duration, applications: ['windowed'], ...more },
    text: `${kind} "${schedule}" for ${duration}`,
    ends: new Date(startMs + Number.parseInt(duration, 10) * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

/** State, the fields that count, what their notes say of who undoes them, what is left out and why. */
function told(engine: Engine): string {
  const { state, fields, ignored = [] } = objectOf(engine, 'prod/windowed', 'Deployment/windowed');
  const notes = fields.flatMap((field) => (field.notes ?? []).slice(1).filter(({ code }) => code !== 'note-not-confirmed'));
  const left = ignored.map(({ by, reason }) => `left out by ${by}: ${reason === undefined ? '' : describe(reason.code, reason.details)}`);
  return [state, ...fields.map(({ id }) => id), ...notes.map(({ code, details }) => describe(code, details)), ...left].join(' | ');
}

/** Tests of what AppProjects and argocd-cm say beside the Applications. */
export function testProjects(world: OwnerWorld): void {
  test('sync windows and exclusions of Argo CD: when a change is undone, what is none of its business; followed without anybody asking, for a reader, too', async (t) => {
    const repo = await testRepo(t, {
      'plumbline.yaml': await world.config('windowed'),
      'windowed/web.yaml': JSON.stringify(deployment('windowed')),
    });
    await world.apply(appProject('shops'), application('windowed', { project: 'shops', syncPolicy: { automated: { selfHeal: true } } }));
    // What spares Argo CD work hides no difference.
    await world.argoConfig({ 'resource.customizations.ignoreResourceUpdates.all': 'jsonPointers: [/spec, /status]' });
    await world.applyAsArgo(deployment('windowed'), 'windowed');
    await world.edit('windowed', { spec: { replicas: 5 } });
    const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
    const { engine: reader } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('reader')));
    const both = [engine, reader];
    await Promise.all(both.map((each) => each.check(undefined)));
    /** that both engines tell of the replicas so */
    const untilTold = async (what: string, words: (text: string) => boolean): Promise<void> => {
      await Promise.all(both.map((each) => until(each, what, () => words(told(each)))));
    };
    const drifted = (words: string) => (text: string) =>
      text === `drifted | spec.replicas | ${words}` || text === `drifted (not confirmed) | spec.replicas | ${words}`;
    const heals = 'Argo CD undoes it within seconds (Application argocd/windowed heals itself)';
    assert.deepEqual(both.map(told), [`drifted | spec.replicas | ${heals}`, `drifted (not confirmed) | spec.replicas | ${heals}`]);
    // At once: what changes before the owners are watched is not missed.

    const long = windowUntil('deny', 3_600_000, { manualSync: true });
    await world.apply(appProject('shops', { syncWindows: [long.window] }));
    await untilTold(
      'the window denies',
      drifted(
        `Argo CD undoes it at ${long.ends}, when sync windows no longer deny it (Application argocd/windowed heals itself; ` +
          `AppProject argocd/shops has ${long.text}) | A sync by hand is allowed before that.`,
      ),
    );
    const later = windowUntil('allow', -60_000);
    await world.apply(appProject('shops', { syncWindows: [later.window] }));
    await untilTold('it waits for the next window', (text) =>
      text.endsWith(
        `when the next sync window opens (Application argocd/windowed heals itself; AppProject argocd/shops has ${later.text})`,
      ),
    );

    // A window of a global project; it ends while nobody changes anything.
    let short = windowUntil('deny', 10_000);
    await world.apply(appProject('everywhere', { syncWindows: [short.window] }), appProject('shops'));
    await world.argoConfig({ globalProjects: '- projectName: everywhere\n' });
    const isDenied = (): boolean =>
      both.map(told).every((text) => text.includes(`at ${short.ends}, `) && text.includes('argocd/everywhere has deny'));
    // On a busy machine the window ends before both have told of it: then a longer one.
    for (const lengthMs of [40_000, 160_000, 0]) {
      await eventually('the global window denies, or is over', () => isDenied() || Date.now() >= Date.parse(short.ends), 180_000);
      if (isDenied() || lengthMs === 0) break;
      short = windowUntil('deny', lengthMs);
      await world.apply(appProject('everywhere', { syncWindows: [short.window] }));
    }
    assert.ok(isDenied(), both.map(told).join('\n'));
    const left = (key: string) => (text: string) =>
      text ===
      `synced | left out by argocd-cm ${key}: Argo CD takes no notice of Deployment objects here: it neither compares nor syncs them`;
    await world.argoConfig({ 'resource.exclusions': '- {apiGroups: [apps], kinds: [Deployment], clusters: ["*"]}\n' });
    await untilTold('it is excluded', left('resource.exclusions'));
    await world.argoConfig({ 'resource.inclusions': '- {apiGroups: ["*.example.com"]}\n' });
    await untilTold('it is not included', left('resource.inclusions'));
    await world.argoConfig({ globalProjects: '- projectName: everywhere\n' });
    await untilTold('the window has ended', drifted(heals));
    assert.ok(Date.now() >= Date.parse(short.ends));

    await world.plane.kubectl(['delete', 'appproject', 'shops', '-n', 'argocd']);
    await untilTold(
      'the project is gone',
      drifted('Argo CD keeps it while AppProject argocd/shops is not there: without it Application argocd/windowed is not synced'),
    );
    await world.argoConfig({});
    assert.deepEqual(errors, []);
  });

  test('an object of a kind that Argo CD never creates is left out by that rule, not missing; followed, for a reader, too', async (t) => {
    const settings: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'partly', namespace: 'shop' }, data: { a: '1' } };
    const exclusions = { 'resource.exclusions': '- {apiGroups: [""], kinds: [ConfigMap]}\n' };
    const argocdCm =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  resource.exclusions: |\n    - kinds: [ConfigMap]\n';
    const repo = await testRepo(t, {
      'plumbline.yaml': await world.config('partly'),
      'partly/all.yaml': `${JSON.stringify(settings)}\n---\n${JSON.stringify(deployment('partly'))}`,
      'clusters/argocd-cm.yaml': argocdCm,
    });
    await world.apply(application('partly', {}));
    await world.argoConfig(exclusions);
    await world.applyAsArgo(deployment('partly'), 'partly');
    const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
    const { engine: reader } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('reader')));
    const both = [engine, reader];
    await Promise.all(both.map((each) => each.check(undefined)));
    const shown = (each: Engine): string => {
      const { state, isLive, reason, ignored = [] } = objectOf(each, 'prod/partly', 'ConfigMap/partly');
      const left = ignored.map(({ id, by, sources = [] }) => `${id}: ${by} (${sources.map((source) => placeText(source)).join(', ')})`);
      return [rowOf(each, 'prod/partly').state, state, isLive ? 'live' : 'not live', reason?.code ?? '', ...left].join(' | ');
    };
    const leftOut = 'synced | synced | not live |  | : argocd-cm resource.exclusions (clusters/argocd-cm.yaml:5)';
    assert.deepEqual(both.map(shown), [leftOut, leftOut]);
    const untilShown = async (what: string, text: string): Promise<void> => {
      await Promise.all(both.map((each) => until(each, what, () => shown(each) === text)));
    };
    await world.argoConfig({});
    await untilShown('it is missing', 'differs | missing | not live | object-not-live');
    await world.argoConfig(exclusions);
    await untilShown('it is left out', leftOut);
    await world.argoConfig({});
    assert.deepEqual(errors, []);
  });
}
