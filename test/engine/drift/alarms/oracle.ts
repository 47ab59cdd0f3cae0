import { type KubeObject, nameOf } from '../../../../src/engine/model/objects.ts';
import { changed } from '../changed.ts';
import { manifests } from '../objects.ts';
import { widget } from '../widgets.ts';
import type { AlarmCase, Made, World } from './world.ts';

/** An object that Helm installed on the server side with its marks, some of which somebody took away. */
async function withoutMarks(world: World, path: string): Promise<Made> {
  const plain = manifests(world.namespace)['configMap'] as KubeObject;
  const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': world.namespace };
  const labels = { ...(plain.metadata['labels'] as Record<string, string>), 'app.kubernetes.io/managed-by': 'Helm' };
  await world.apply({ ...plain, metadata: { ...plain.metadata, labels, annotations } }, 'server-side', '--field-manager=helm');
  await world.write(plain, 'kubectl-edit', [{ op: 'remove', path }]);
  return { git: plain };
}

/** A policy that meets no object. */
function policy(world: World, group: string): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: `meets-none-${world.namespace}` },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }] },
      validations: [{ expression: 'true' }],
    },
  };
}

const LOST_PORT = 'removed spec.ports[port=53,protocol=TCP]: {"name":"dns-tcp","port":53} -> -';

const CASES: readonly AlarmCase[] = [
  {
    sources: [5],
    name: 'an edit inside an atomic map, and the defaults beside it (oracle seed 11 case 9)',
    setUp: async (world) => {
      const git = policy(world, 'none.example.com');
      await world.apply(git);
      world.cleanups.push(() => world.kubectl('delete', git.kind, nameOf(git)));
      await world.write(git, 'kubectl-edit', [
        { op: 'replace', path: '/spec/matchConstraints/resourceRules/0/apiGroups/0', value: 'other.example.com' },
      ]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: [
        'drifted changed spec.matchConstraints.resourceRules[0].apiGroups[0]: "none.example.com" -> "other.example.com" by kubectl-edit',
      ],
    },
  },
  {
    sources: [6],
    name: 'an edit beside ports of one number: the second of them is not compared with the first (oracle seed 11 case 71)',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['service'] as KubeObject;
      const ports = [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
      ];
      const git = changed(changed(plain, ['spec', 'ports'], ports), ['spec', 'type'], '');
      await world.apply(git);
      await world.write(git, 'kubectl-edit', { metadata: { labels: { app: 'other' } } });
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted changed metadata.labels.app: "web" -> "other" by kubectl-edit'],
      // The empty type takes a dry-run, which sends the ports.
      ignored: ['spec.type API server (defaults, admission): ignored-admission'],
    },
  },
  {
    sources: [5],
    name: 'a label added inside an item of an atomic list (oracle seed 32 case 78)',
    setUp: async (world) => {
      const selectors = [{ matchLabels: { [`aggregate-${world.namespace}`]: 'yes' } }];
      const git: KubeObject = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: `collects-${world.namespace}` },
        aggregationRule: { clusterRoleSelectors: selectors },
      };
      await world.apply(git);
      await world.write(git, 'kubectl-edit', [{ op: 'add', path: '/aggregationRule/clusterRoleSelectors/0/matchLabels/more', value: 'v' }]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted added aggregationRule.clusterRoleSelectors[0].matchLabels.more: - -> "v" by kubectl-edit'],
    },
  },
  {
    sources: [1],
    name: 'a default of the schema that somebody set by hand, changed and set again (oracle seed 11 case 91)',
    setUp: async (world) => {
      const git = widget(world.namespace, { routes: [{ path: '/' }] });
      await world.apply(git);
      for (const weight of [2, 1])
        await world.write(git, 'kubectl-edit', [{ op: 'replace', path: '/spec/routes/0/weight', value: weight }]);
      return { git };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [22],
    name: 'annotations of Helm taken away: its label is no addition (oracle seed 22 case 66)',
    ways: ['server-side'],
    setUp: (world) => withoutMarks(world, '/metadata/annotations'),
    expected: { state: 'synced' },
  },
  {
    sources: [22],
    name: 'the label of Helm taken away: its annotations are no addition (oracle seed 22 case 80)',
    ways: ['server-side'],
    setUp: (world) => withoutMarks(world, '/metadata/labels/app.kubernetes.io~1managed-by'),
    expected: { state: 'synced' },
  },
  {
    sources: [5],
    name: 'nothing is left of what was applied: who only edits is not taken for the owner (oracle seed 88003 case 441)',
    ways: ['server-side'],
    setUp: async (world) => {
      const name = `forgotten-${world.namespace}`;
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
      const git: KubeObject = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name, labels: { app: 'web' } },
        rules,
      };
      await world.apply(git);
      world.cleanups.push(() => world.kubectl('delete', git.kind, name));
      await world.write(git, 'k9s', [{ op: 'add', path: '/metadata/labels/added', value: 'v' }]);
      await world.write(git, 'k9s', [{ op: 'remove', path: '/metadata/labels/app' }]);
      await world.write(git, 'kubectl-patch', [{ op: 'add', path: '/rules/0/verbs/-', value: 'watch' }]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: [
        'differs removed metadata.labels.app: "web" -> -',
        'drifted added metadata.labels.added: - -> "v" by k9s',
        'drifted added rules[0].verbs[1]: - -> "watch" by kubectl-patch',
      ],
    },
  },
  {
    sources: [7],
    name: 'a default inside a list that is replaced as a whole, set to another value by hand (oracle seed 5150 case 118)',
    setUp: async (world) => {
      const git = widget(world.namespace, { note: 'kept', steps: [{ run: 'x' }, { run: 'y' }] });
      await world.apply(git);
      await world.write(git, 'kubectl-edit', [{ op: 'replace', path: '/spec/steps/1/retries', value: 5 }]);
      return { git };
    },
    expected: { state: 'drifted', fields: ['drifted changed spec.steps[1].retries: 2 -> 5 by kubectl-edit'] },
  },
  {
    sources: [6],
    name: 'another service account, and the old name of the field that the server keeps equal (oracle seed 90210 case 1586)',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['deployment'] as KubeObject;
      const git = changed(plain, ['spec', 'template', 'spec', 'serviceAccountName'], 'web');
      await world.apply(git);
      await world.write(git, 'deployer', [{ op: 'replace', path: '/spec/template/spec/serviceAccountName', value: 'webx' }]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted changed spec.template.spec.serviceAccountName: "web" -> "webx" by deployer'],
      ignored: ['spec.template.spec.serviceAccount API server (defaults, admission): ignored-admission'],
    },
  },
  {
    sources: [6],
    name: 'the old name of a service account beside an empty new one, where the server refuses Git (oracle seed 90210 case 1864)',
    ways: ['server-side'],
    setUp: async (world) => {
      const git: KubeObject = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'alone', namespace: world.namespace },
        spec: {
          containers: [{ name: 'web', image: 'registry.example/web:1.0' }],
          nodeSelector: { disk: 'ssd' },
          schedulingGates: [{ name: 'example.com/wait' }],
          serviceAccount: 'web',
          serviceAccountName: '',
        },
      };
      await world.apply(git);
      await world.write(git, 'kubectl-edit', [{ op: 'add', path: '/spec/nodeSelector/added', value: 'v' }]);
      return { git };
    },
    expected: { state: 'drifted', fields: ['drifted added spec.nodeSelector.added: - -> "v" by kubectl-edit'], code: 'target-invalid' },
  },
  {
    sources: [6],
    name: 'a port of Git taken away beside one of the same number: kubectl apply does not bring it back (oracle seed 4711 case 1072)',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['service'] as KubeObject;
      const ports = [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
      ];
      const git = changed(plain, ['spec', 'ports'], ports);
      await world.apply(git);
      await world.write(git, 'kubectl-patch', [{ op: 'remove', path: '/spec/ports/1' }]);
      return { git };
    },
    expected: {
      'server-side': { state: 'differs', fields: [`differs ${LOST_PORT}`] },
      // kubectl would give the other port this one's name; Git and live agree on that.
      'client-side': {
        state: 'drifted',
        fields: [`drifted ${LOST_PORT}`],
        ignored: ['spec.ports[port=53,protocol=UDP].name API server (defaults, admission): ignored-admission'],
      },
    },
  },
  {
    sources: [6],
    name: 'another name of a port beside one of the same number: kubectl apply does not bring it back (oracle seed 4711 case 1999)',
    ways: ['client-side'],
    setUp: async (world) => {
      const plain = manifests(world.namespace)['service'] as KubeObject;
      const ports = [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53 },
      ];
      const git = changed(plain, ['spec', 'ports'], ports);
      await world.apply(git);
      await world.write(git, 'k9s', [{ op: 'replace', path: '/spec/ports/2/name', value: 'dns-tcpx' }]);
      return { git };
    },
    expected: {
      state: 'drifted',
      fields: ['drifted changed spec.ports[port=53,protocol=TCP].name: "dns-tcp" -> "dns-tcpx" by k9s'],
      ignored: ['spec.ports[port=53,protocol=UDP].name API server (defaults, admission): ignored-admission'],
    },
  },
];

/** What random cases have found (`npm run oracle`). */
export function oracleCases(): readonly AlarmCase[] {
  return CASES;
}
