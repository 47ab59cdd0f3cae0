import { objectAt } from '../../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../../src/engine/model/objects.ts';
import { changed } from '../changed.ts';
import { manifests } from '../objects.ts';
import { configureWebhook, hooked } from './webhook.ts';
import type { AlarmCase } from './world.ts';

const CASES: readonly AlarmCase[] = [
  {
    sources: [],
    reports: [3],
    name: 'a webhook that does not answer lets no comparison through, and nothing is green',
    setUp: async (world) => {
      const git = hooked(world, { a: '1' });
      await world.apply(git);
      await configureWebhook(world, { url: 'https://127.0.0.1:1/' });
      return { git: changed(git, ['data'], { a: '2' }) };
    },
    expected: {
      'server-side': {
        state: 'cannot compare',
        code: 'webhook-failed',
        fields: ['out of sync changed data.a: "2" -> "1" by kubectl unconfirmed'],
      },
      'client-side': {
        state: 'cannot compare',
        code: 'webhook-failed',
        fields: ['out of sync changed data.a: "2" -> "1" by kubectl-client-side-apply unconfirmed'],
      },
    },
  },
  {
    sources: [],
    reports: [3],
    name: 'a target that the server does not accept is never green',
    setUp: async (world) => {
      const git = await world.common('deployment');
      return { git: changed(git, ['spec', 'template', 'spec', 'containers', 0, 'ports', 0, 'containerPort'], 99999) };
    },
    expected: { state: 'cannot compare', code: 'target-invalid' },
  },
  {
    sources: [],
    reports: [9],
    name: 'changed, added and removed keys of a Secret are named, and their values are not',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['secret'] as KubeObject;
      const git: KubeObject = { ...plain, stringData: { password: 'hunter2', gone: 'x' } };
      await world.apply(git);
      const data = { password: 'bGV0bWVpbg==', extra: 'Y2FuYXJ5', gone: null };
      await world.write(git, 'kubectl-edit', { data });
      return { git };
    },
    expected: {
      'server-side': {
        state: 'drifted',
        fields: [
          'differs removed data.gone: "••••••" -> -',
          'drifted added data.extra: - -> "••••••" by kubectl-edit',
          'drifted changed data.password: "••••••" -> "•••••• (different)" by kubectl-edit',
        ],
      },
      'client-side': {
        state: 'drifted',
        fields: [
          'drifted added data.extra: - -> "••••••" by kubectl-edit',
          'drifted changed data.password: "••••••" -> "•••••• (different)" by kubectl-edit',
          'drifted removed data.gone: "••••••" -> -',
        ],
      },
    },
  },
  {
    sources: [],
    reports: [15],
    name: 'one edit of an object full of defaults is one line',
    setUp: async (world) => {
      const git = await world.common('statefulSet');
      await world.write(git, 'kubectl-edit', [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'x:1' }]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted changed spec.template.spec.containers[name=web].image: "registry.example/web:1.0" -> "x:1" by kubectl-edit'],
    },
  },
  ...['kubectl', 'helm', 'kustomize-controller', 'plumbline'].map((manager): AlarmCase => ({
    sources: [],
    reports: [23],
    name: `an edit of an object that ${manager} applied on the server side, without any last-applied annotation`,
    ways: ['server-side'],
    setUp: async (world) => {
      const git = manifests(world.namespace)['configMap'] as KubeObject;
      await world.apply(git, 'server-side', `--field-manager=${manager}`);
      const live = await world.fixture.live(git);
      if (Object.keys(objectAt(live, 'metadata', 'annotations')).length > 0) throw new Error('it has annotations');
      await world.write(git, 'kubectl-edit', { data: { empty: 'full', more: '1' } });
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted added data.more: - -> "1" by kubectl-edit', 'drifted changed data.empty: "" -> "full" by kubectl-edit'],
    },
  })),
];

/** The field reports of product.md §b that are about drift. Report 1 and 2 are also held over every case, in the test itself. */
export function reportCases(): readonly AlarmCase[] {
  return CASES;
}
