import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Limiter } from '../../../src/base/async.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { inventoryId } from '../../../src/engine/apps/flux/rules.ts';
import { CustomHealth } from '../../../src/engine/sessions/customHealth.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { OwnerView } from '../../../src/engine/model/ownerView.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { type Hubs, OwnerObjects } from '../../../src/engine/owners/ownerObjects.ts';
import { OwnerViews } from '../../../src/engine/owners/ownerViews.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { allowed } from '../../tools/rights.ts';
import { testConnection } from '../cluster/support.ts';
import { makeService } from '../render/support.ts';
import { applyAs, installOwnerKinds } from './ownerKinds.ts';

const signal = new AbortController().signal;

/** What a question to a bench came to. */
export interface Judged {
  readonly view: OwnerView | undefined;
  readonly verdict: Verdict;
  /** `direction change id` of each field that counts */
  readonly fields: readonly string[];
  /** `id: by` of each place that was left out */
  readonly ignored: readonly string[];
}

/** Views and verdicts read everything anew: nothing is kept from one question to the next. */
export class Bench {
  readonly #connection: ClusterConnection;
  readonly #hubs: Hubs = { connections: () => Promise.resolve([]) };
  readonly #renders: RenderService;
  readonly owners: OwnerViews;
  #now = 0;

  constructor(connection: ClusterConnection, renders: RenderService) {
    this.#connection = connection;
    this.#renders = renders;
    this.owners = new OwnerViews(renders, new OwnerObjects(this.#hubs, () => (this.#now += 60_000)), signal);
  }

  /** Whose an object is, and what that owner is called. */
  async ownerOf(object: KubeObject): Promise<string> {
    const live = await this.live(object);
    const pair = { desired: object, live, schema: undefined, resource: undefined };
    const { mark, view } = await this.owners.lookAt(this.#connection, pair, signal);
    return `${mark?.owner ?? '-'} ${mark?.name ?? ''}${view === undefined ? '' : ` as ${view.name}`}`;
  }

  live(desired: KubeObject): Promise<KubeObject> {
    return this.#connection.get(gvkOf(desired), keyOf(desired), { signal });
  }

  async judge(desired: KubeObject): Promise<Judged> {
    const connection = this.#connection;
    const live = await this.live(desired);
    const resource = await connection.discovery.resource(gvkOf(desired), signal);
    const schema = await connection.schemas.schemaOf(gvkOf(desired), signal);
    const { view } = await this.owners.lookAt(connection, { desired, live, schema, resource }, signal);
    const judge = new Judge(new VerdictCache({ hashKey: Buffer.alloc(32, 1), now: () => Date.now() }), new Limiter(4));
    const verdict = await judge.judge(
      { key: keyOf(desired), desired, live, schema, resource, owner: 'unmanaged', rules: [], ...(view === undefined ? {} : { view }) },
      {
        client: connection,
        canDryRun: ({ group, plural }, { namespace }) => connection.canI({ verb: 'patch', group, resource: plural, namespace }, { signal }),
        serverVersion: '',
        clusterUid: '',
      },
    );
    return {
      view,
      verdict,
      fields: verdict.fields.map((field) => `${field.direction} ${field.change} ${field.id}`),
      ignored: verdict.ignored.map(({ id, by }) => `${id}: ${by}`).sort(),
    };
  }

  health(): CustomHealth {
    return new CustomHealth(this.#renders, this.owners, signal);
  }

  get connection(): ClusterConnection {
    return this.#connection;
  }
}

/** `reader` may only read, and also what owns the objects: the roles that Argo CD's and Flux's installations add to `view`; `tenant` may read Applications alone. */
const readerRights: readonly KubeObject[] = [
  ...mayRead('readers', {
    apiGroups: [
      ...['argoproj.io', 'kustomize.toolkit.fluxcd.io', 'helm.toolkit.fluxcd.io'],
      ...['example.com', 'cert-manager.io', 'external-secrets.io', 'keda.sh'],
    ],
    resources: ['*'],
  }),
  ...mayRead('tenants', { apiGroups: ['argoproj.io'], resources: ['applications'] }),
];

function mayRead(group: string, what: JsonObject): readonly KubeObject[] {
  const name = `owners-${group}`;
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ ...what, verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects: [{ apiGroup, kind: 'Group', name: `owners:${group}` }],
    },
  ];
}

/** The AppProject that every Argo CD has. */
export const defaultProject: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name: 'default', namespace: 'argocd' },
  spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }] },
};

/** A control plane with the kinds of Argo CD and Flux, and what their controllers would write there. */
export class OwnerWorld {
  readonly plane: ControlPlane;
  readonly renders: RenderService;

  private constructor(plane: ControlPlane, renders: RenderService) {
    this.plane = plane;
    this.renders = renders;
  }

  static async start(): Promise<OwnerWorld> {
    const [plane, renders] = await Promise.all([
      startControlPlane({
        name: 'owners',
        users: { reader: ['plumbline:viewers', 'owners:readers'], tenant: ['plumbline:viewers', 'owners:tenants'] },
      }),
      makeService(),
    ]);
    await installOwnerKinds(plane);
    await plane.apply(['argocd', 'flux-system', 'shop'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
    await plane.apply(readerRights);
    for (const user of ['reader', 'tenant']) await allowed(plane, user, { verb: 'watch', group: 'argoproj.io', resource: 'applications' });
    await applyAs(plane, 'argocd-server', [defaultProject]);
    return new OwnerWorld(plane, renders);
  }

  async stop(): Promise<void> {
    this.renders.dispose();
    await this.plane.stop();
  }

  /** A user's bench. */
  async open(t: TestContext, user: 'admin' | 'viewer' | 'reader' | 'tenant' = 'admin'): Promise<Bench> {
    const file = user === 'admin' ? this.plane.kubeconfigPath : await this.plane.kubeconfig(user);
    const connection = await testConnection(t, file, 'owners');
    await connection.ready(signal);
    return new Bench(connection, this.renders);
  }

  /** Applies objects as a person does. */
  async apply(...objects: readonly KubeObject[]): Promise<void> {
    await applyAs(this.plane, 'kubectl', objects);
  }

  /** Applies as Argo CD does with ServerSideApply: its manager, its tracking annotation. */
  async applyAsArgo(object: KubeObject, application: string): Promise<void> {
    const { group, kind, name, namespace } = keyOf(object);
    const annotations = { 'argocd.argoproj.io/tracking-id': `${application}:${group}/${kind}:${namespace}/${name}` };
    await applyAs(this.plane, 'argocd-controller', [{ ...object, metadata: { ...object.metadata, annotations } }]);
  }

  /** Applies as one of Flux's controllers does, as part of one of its objects in `flux-system`. */
  async applyAsFlux(object: KubeObject, prefix: string, manager: string, name = 'apps'): Promise<void> {
    const labels = { [`${prefix}.toolkit.fluxcd.io/name`]: name, [`${prefix}.toolkit.fluxcd.io/namespace`]: 'flux-system' };
    await applyAs(this.plane, manager, [{ ...object, metadata: { ...object.metadata, labels } }]);
  }

  /** Applies as a manager that leaves no mark. */
  async applyUnlabelled(object: KubeObject, manager: string): Promise<void> {
    await applyAs(this.plane, manager, [object]);
  }

  /** Writes what a Kustomization or HelmRelease has applied into its status, as its controller does. */
  async listAsFlux(controller: KubeObject, objects: readonly KubeObject[]): Promise<void> {
    const { group, kind, namespace, name } = keyOf(controller);
    const path = `/apis/${controller.apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}/status?fieldManager=gotk-${group}`;
    const entries = objects.map((object) => ({ id: inventoryId(object), v: gvkOf(object).version }));
    const { status, body } = await this.plane.request(path, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { status: { inventory: { entries } } },
    });
    assert.equal(status, 200, body);
  }

  /** Creates an object by an update, as clients without server-side apply do. */
  async create(object: KubeObject, manager: string): Promise<void> {
    const { group, kind, namespace } = keyOf(object);
    const root = group === '' ? `/api/${object.apiVersion}` : `/apis/${object.apiVersion}`;
    const { status, body } = await this.plane.request(`${root}/namespaces/${namespace}/${kind.toLowerCase()}s?fieldManager=${manager}`, {
      method: 'POST',
      body: object,
    });
    assert.equal(status, 201, body);
  }

  /** Patches a Deployment of the namespace shop behind Git's back. */
  async edit(name: string, patch: JsonObject, manager = 'kubectl-edit'): Promise<void> {
    const path = `/apis/apps/v1/namespaces/shop/deployments/${name}?fieldManager=${manager}`;
    const { status, body } = await this.plane.request(path, {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: patch,
    });
    assert.equal(status, 200, body);
  }

  /** A plumbline.yaml with one application of the namespace shop, in the folder of its name. */
  async config(application: string): Promise<string> {
    const { name: context } = this.plane;
    return configYaml([{ name: application, path: application, namespace: 'shop' }], { context, clusterUid: await this.plane.uid() });
  }

  /** Sets what argocd-cm says. */
  async argoConfig(data: Record<string, string>): Promise<void> {
    await this.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data });
  }
}

/** A Deployment of the namespace shop. */
export function deployment(name: string, annotations: JsonObject = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }] },
      },
    },
  };
}

/** A Kustomization of Flux, every three minutes. */
export function kustomization(name: string, spec: JsonObject = {}): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux-system' },
    spec: { interval: '3m', prune: true, sourceRef: { kind: 'GitRepository', name: 'apps' }, ...spec },
  };
}

/** An Application of Argo CD. */
export function application(name: string, spec: JsonObject): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL: 'https://example.com/repo', path: 'x' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      ...spec,
    },
  };
}
