import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextStart, parseCron } from '../../../src/engine/apps/argocd/cron.ts';
import { argoForecast } from '../../../src/engine/apps/argocd/forecast.ts';
import { globalProjectsOf } from '../../../src/engine/apps/argocd/globalProjects.ts';
import { excludedBy, readResourceFilter } from '../../../src/engine/apps/argocd/resourceFilter.ts';
import { syncGate } from '../../../src/engine/apps/argocd/syncWindows.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

/** A Wednesday. */
const NOW = '2026-07-15T12:00:30Z';

function project(syncWindows: readonly JsonObject[], labels: JsonObject = {}): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'p', namespace: 'argocd', labels },
    spec: { syncWindows },
  };
}

function application(spec: JsonObject = {}): KubeObject {
  const destination = { server: 'https://kubernetes.default.svc', namespace: 'shop' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'argocd' },
    spec: { destination, syncPolicy: { automated: { selfHeal: true } }, ...spec },
  };
}

function configMap(data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data };
}

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));

test('schedules start when robfig/cron starts them', () => {
  const after = '2026-07-15T12:00:00Z';
  const cases: Record<string, string | undefined> = {
    '* * * * *': '2026-07-15T12:01',
    '0 22 * * *': '2026-07-15T22:00',
    '30 6-8/2 * * mon-FRI': '2026-07-16T06:30',
    '0 0 1 * *': '2026-08-01T00:00',
    // The thirteenth and Fridays: either is enough.
    '0 0 13 * 5': '2026-07-17T00:00',
    // A star with a step is no star: either day is enough.
    '0 0 13 * */6': '2026-07-18T00:00',
    // With a star for the date, the weekday alone decides.
    '0 0 ? * SUN': '2026-07-19T00:00',
    '0 0 29 feb *': '2028-02-29T00:00',
    '0 0 30 2 *': undefined,
    '15/20 12 * * *': '2026-07-15T12:15',
    '0 0 1,15 1,JUL *': '2027-01-01T00:00',
  };
  const starts = Object.keys(cases).map((text) => {
    const schedule = parseCron(text);
    return [text, schedule === undefined ? 'cannot be read' : iso(nextStart(schedule, Date.parse(after)))];
  });
  assert.deepEqual(Object.fromEntries(starts), cases);
  const broken = [
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* * * * 7',
    '@daily',
    '5-3 * * * *',
    '1-2-3 * * * *',
    '*/0 * * * *',
    'x * * * *',
  ];
  assert.deepEqual(
    broken.filter((text) => parseCron(text) !== undefined),
    [],
  );
});

test('windows match by any of their lists, with andOperator by all of them', () => {
  const deny = { kind: 'deny', schedule: '* * * * *', duration: '1h' };
  const isDenied = (window: JsonObject, destination?: JsonObject): boolean =>
    !syncGate([project([{ ...deny, ...window }])], application(destination === undefined ? {} : { destination }), Date.parse(NOW)).isOpen;
  const named = { name: 'prod-eu', namespace: 'shop' };
  assert.deepEqual(
    [
      isDenied({}),
      isDenied({ applications: ['w*'] }),
      isDenied({ applications: ['other'] }),
      isDenied({ applications: ['other'], namespaces: ['sh?p'] }),
      isDenied({ applications: ['other'], namespaces: ['shop'], andOperator: true }),
      isDenied({ applications: ['web'], namespaces: ['shop'], andOperator: true }),
      isDenied({ andOperator: true }),
      isDenied({ clusters: ['https://kubernetes.*'] }),
      isDenied({ clusters: ['prod-*'] }, named),
      isDenied({ clusters: ['*'] }, { namespace: 'shop' }),
      isDenied({ namespaces: ['*'] }, { name: 'x' }),
    ],
    [false, true, false, true, false, true, false, true, true, false, true],
  );
});

test('when a self-healing Application undoes a change, by its sync windows', () => {
  const all = { applications: ['*'] };
  const at = (syncWindows: readonly JsonObject[], now = NOW, spec: JsonObject = {}): string => {
    const gate = syncGate([project(syncWindows)], application(spec), Date.parse(now));
    const { reason, also } = argoForecast(application(spec), 'argocd/web', { name: 'AppProject argocd/p', access: 'read', gate });
    const words = [reason, ...(also === undefined ? [] : [also])].map(({ code, details }) => describe(code, details)).join(' | ');
    return `${words} [${iso(gate.untilMs) ?? ''}]`;
  };
  const heals = 'Argo CD undoes it within seconds (Application argocd/web heals itself)';
  const denied = (time: string, window: string): string =>
    `Argo CD undoes it at ${time}, when sync windows no longer deny it (Application argocd/web heals itself; AppProject argocd/p has ${window})`;
  const opens = (time: string, window: string): string =>
    `Argo CD undoes it at ${time}, when the next sync window opens (Application argocd/web heals itself; AppProject argocd/p has ${window})`;
  const noon = { kind: 'deny', schedule: '0 12 * * *', duration: '90m', ...all };
  const night = { kind: 'allow', schedule: '0 22 * * *', duration: '2h', ...all };
  const manual: JsonObject = { syncPolicy: {} };
  assert.deepEqual(
    [
      at([]),
      at([noon]),
      at([{ ...noon, manualSync: true }]),
      at([noon], '2026-07-15T14:00:00Z'),
      // Denied until 13:30, and then outside the window that allows.
      at([noon, night]),
      at([night]),
      at([night], '2026-07-15T23:00:00Z'),
      // One that goes before the other: what is denied is denied.
      at([night, { ...noon, schedule: '0 22 * * *', duration: '1h' }], '2026-07-15T22:10:00Z'),
      // Berlin is two hours ahead in July, and one in winter.
      at([{ ...noon, timeZone: 'Europe/Berlin' }], '2026-07-15T10:30:00Z'),
      at([{ ...noon, timeZone: 'Europe/Berlin' }], '2026-01-15T11:30:00Z'),
      at([{ ...noon, schedule: 'TZ=Asia/Tokyo 0 12 * * *' }], '2026-07-15T03:30:00Z'),
      at([{ ...noon, timeZone: 'Nowhere/City' }]),
      // Clocks go back an hour that night: the window that starts at 1:00 in Berlin ends by the clock of then.
      at([{ ...noon, schedule: '0 1 * * *', duration: '4h', timeZone: 'Europe/Berlin' }], '2026-10-24T23:30:00Z'),
      at([{ kind: 'deny', schedule: '* * * * *', duration: '1h', ...all }]),
      at([{ ...noon, schedule: '@daily' }]),
      at([{ ...noon, duration: 'long' }], NOW, manual),
      at([noon], NOW, manual),
      at([{ ...noon, manualSync: true }], NOW, manual),
      at([{ ...noon, manualSync: true }], NOW, { syncPolicy: { automated: {} } }),
      at([{ kind: 'deny', schedule: '* * * * *', duration: '1h', ...all }], NOW, manual),
    ],
    [
      `${heals} []`,
      `${denied('2026-07-15T13:30:00Z', 'deny "0 12 * * *" for 90m')} [2026-07-15T13:30]`,
      `${denied('2026-07-15T13:30:00Z', 'deny "0 12 * * *" for 90m')} | A sync by hand is allowed before that. [2026-07-15T13:30]`,
      `${heals} [2026-07-16T12:00]`,
      `${denied('2026-07-15T22:00:00Z', 'deny "0 12 * * *" for 90m')} [2026-07-15T13:30]`,
      `${opens('2026-07-15T22:00:00Z', 'allow "0 22 * * *" for 2h')} [2026-07-15T22:00]`,
      `${heals} [2026-07-16T00:00]`,
      `${denied('2026-07-15T23:00:00Z', 'deny "0 22 * * *" for 1h')} [2026-07-15T23:00]`,
      `${denied('2026-07-15T11:30:00Z', 'deny "0 12 * * *" for 90m (Europe/Berlin)')} [2026-07-15T11:30]`,
      `${denied('2026-01-15T12:30:00Z', 'deny "0 12 * * *" for 90m (Europe/Berlin)')} [2026-01-15T12:30]`,
      `${denied('2026-07-15T04:30:00Z', 'deny "TZ=Asia/Tokyo 0 12 * * *" for 90m')} [2026-07-15T04:30]`,
      `${denied('2026-07-15T13:30:00Z', 'deny "0 12 * * *" for 90m (Nowhere/City)')} [2026-07-15T13:30]`,
      `${denied('2026-10-25T04:00:00Z', 'deny "0 1 * * *" for 4h (Europe/Berlin)')} [2026-10-25T04:00]`,
      'Argo CD keeps it: sync windows of AppProject argocd/p never let Application argocd/web sync by itself (deny "* * * * *" for 1h) [2026-07-15T12:10]',
      'Argo CD keeps it: a sync window of AppProject argocd/p cannot be read (deny "@daily" for 90m), and Argo CD then denies every sync of Application argocd/web []',
      'Argo CD keeps it until somebody syncs (Application argocd/web has no auto-sync) | A sync window of AppProject argocd/p cannot be read (deny "0 12 * * *" for long), and Argo CD then denies every sync []',
      'Argo CD keeps it until somebody syncs (Application argocd/web has no auto-sync) | Sync windows of AppProject argocd/p deny every sync until 2026-07-15T13:30:00Z (deny "0 12 * * *" for 90m) [2026-07-15T13:30]',
      'Argo CD keeps it until somebody syncs (Application argocd/web has no auto-sync) [2026-07-15T13:30]',
      'Argo CD keeps it until the next sync (Application argocd/web syncs by itself, without self-heal) | Sync windows of AppProject argocd/p deny every sync but one by hand until 2026-07-15T13:30:00Z (deny "0 12 * * *" for 90m) [2026-07-15T13:30]',
      'Argo CD keeps it until somebody syncs (Application argocd/web has no auto-sync) | Sync windows of AppProject argocd/p deny every sync (deny "* * * * *" for 1h) [2026-07-15T12:10]',
    ],
  );
});

test('an AppProject that is not there, or may not be read', () => {
  const words = (access: 'forbidden' | 'absent'): string => {
    const { reason } = argoForecast(application(), 'argocd/web', {
      name: 'AppProject argocd/p',
      access,
      gate: { isOpen: true, isManualOpen: true },
    });
    return describe(reason.code, reason.details);
  };
  assert.deepEqual(
    [words('forbidden'), words('absent')],
    [
      'Argo CD undoes it within seconds (Application argocd/web heals itself), unless a sync window of AppProject argocd/p, which cannot be read here, denies that',
      'Argo CD keeps it while AppProject argocd/p is not there: without it Application argocd/web is not synced',
    ],
  );
});

test('global projects add their windows to the projects that they select', () => {
  const config = configMap({
    globalProjects: `- projectName: everywhere
- projectName: p
- projectName: of-teams
  labelSelector:
    matchLabels: {team: web}
    matchExpressions:
      - {key: tier, operator: In, values: [front, back]}
      - {key: old, operator: DoesNotExist}
- projectName: elsewhere
  labelSelector: {matchExpressions: [{key: team, operator: NotIn, values: [web]}, {key: team, operator: Exists}]}
`,
  });
  assert.deepEqual(
    [
      globalProjectsOf(config, project([])),
      globalProjectsOf(config, project([], { team: 'web', tier: 'front' })),
      globalProjectsOf(config, project([], { team: 'web', tier: 'front', old: '' })),
      globalProjectsOf(config, project([], { team: 'api' })),
      globalProjectsOf(undefined, project([])),
      globalProjectsOf(configMap({ globalProjects: '[' }), project([])),
    ],
    [['everywhere'], ['everywhere', 'of-teams'], ['everywhere'], ['everywhere', 'elsewhere'], [], []],
  );
});

test('objects that Argo CD takes no notice of, by exclusions before inclusions, per cluster', () => {
  const of = (apiVersion: string, kind: string, data: Record<string, string>, server = 'https://a.example.com'): string | undefined =>
    excludedBy(readResourceFilter(configMap(data)), { apiVersion, kind, metadata: {} }, server);
  const exclusions = {
    'resource.exclusions': '- {apiGroups: [cilium.io], kinds: [CiliumIdentity], clusters: ["*"]}\n- {apiGroups: ["*.crossplane.io"]}\n',
  };
  const inclusions = { 'resource.inclusions': '- {apiGroups: [apps], kinds: ["*"], clusters: ["https://a.*"]}\n' };
  assert.deepEqual(
    [
      of('v1', 'Event', {}),
      of('coordination.k8s.io/v1', 'Lease', {}),
      of('v1', 'ConfigMap', {}),
      of('cilium.io/v2', 'CiliumIdentity', exclusions),
      of('cilium.io/v2', 'CiliumEndpoint', exclusions),
      of('rds.crossplane.io/v1', 'Database', exclusions),
      of('apps/v1', 'Deployment', inclusions),
      of('v1', 'ConfigMap', inclusions),
      of('v1', 'ConfigMap', inclusions, 'https://b.example.com'),
      of('apps/v1', 'Deployment', { ...inclusions, 'resource.exclusions': '- {kinds: [Deployment]}' }),
      of('apps/v1', 'Deployment', { 'resource.exclusions': 'not: [closed' }),
    ],
    [
      'Argo CD (kinds that it never manages)',
      'Argo CD (kinds that it never manages)',
      undefined,
      'argocd-cm resource.exclusions',
      undefined,
      'argocd-cm resource.exclusions',
      undefined,
      'argocd-cm resource.inclusions',
      undefined,
      'argocd-cm resource.exclusions',
      undefined,
    ],
  );
});
