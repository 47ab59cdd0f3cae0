import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { established } from '../../tools/definitions.ts';
import type { SeededRandom } from '../drift/randomEdits.ts';
import { widget, widgetDefinition } from '../drift/widgets.ts';
import { git, testRepo } from '../engine/support.ts';

type Manifest = Record<string, unknown> & {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
};

const NAMESPACES = ['chaos-a', 'chaos-b'] as const;
const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: 'api/v1/namespaces/NS/configmaps',
  Secret: 'api/v1/namespaces/NS/secrets',
  Service: 'api/v1/namespaces/NS/services',
  Deployment: 'apis/apps/v1/namespaces/NS/deployments',
  Widget: 'apis/shop.example.com/v1/namespaces/NS/widgets',
};

function manifest(index: number, namespace: string, revision: number): Manifest {
  const name = `o${index}`;
  const metadata = { name, namespace, labels: { app: name } };
  switch (index % 5) {
    case 0:
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { level: `r${revision}`, colour: 'blue' } };
    case 1:
      return { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { password: `p${revision}` } };
    case 2:
      return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas: 1 + (revision % 3),
          selector: { matchLabels: { app: name } },
          template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: `example/${name}:1` }] } },
        },
      };
    case 3:
      return {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { selector: { app: name }, sessionAffinity: revision % 2 === 0 ? 'None' : 'ClientIP', ports: [{ name: 'http', port: 80 }] },
      };
    default:
      return { ...widget(namespace, { size: 4 + revision, hosts: ['a', 'b'] }), metadata };
  }
}

/** Two applications in two namespaces, one applied server-side and one client-side, and what happens to them. */
export class ChaosWorld {
  readonly repo: string;
  readonly #plane: ControlPlane;
  readonly #perNamespace: number;
  readonly #random: SeededRandom;
  readonly #revisions = new Map<string, number>();
  #strangers = 0;
  /** what was done so far, by name */
  readonly done = new Map<string, number>();

  private constructor(repo: string, plane: ControlPlane, perNamespace: number, random: SeededRandom) {
    this.repo = repo;
    this.#plane = plane;
    this.#perNamespace = perNamespace;
    this.#random = random;
  }

  /** Makes the repo and applies it. @param perNamespace objects of each application */
  static async create(t: TestContext, plane: ControlPlane, perNamespace: number, random: SeededRandom): Promise<ChaosWorld> {
    const uid = (await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'])).trim();
    const files: Record<string, string> = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  test: {context: ${plane.name}, clusterUid: ${uid}}
applications:
${NAMESPACES.map((name) => `  - {name: ${name}, environment: test, path: ${name}, namespace: ${name}}`).join('\n')}
`,
    };
    for (const namespace of NAMESPACES) {
      for (let index = 0; index < perNamespace; index += 1)
        files[`${namespace}/o${index}.yaml`] = JSON.stringify(manifest(index, namespace, 0), undefined, 2);
    }
    const world = new ChaosWorld(await testRepo(t, files), plane, perNamespace, random);
    await plane.apply([widgetDefinition]);
    await established(plane);
    for (const namespace of NAMESPACES) {
      await plane.kubectl(['create', 'namespace', namespace]);
      const isServerSide = namespace === 'chaos-a';
      await plane.kubectl(['apply', ...(isServerSide ? ['--server-side'] : []), '-f', join(world.repo, namespace)]);
    }
    return world;
  }

  /** Lets one random thing happen. */
  async step(): Promise<void> {
    const namespace = this.#random.pick(NAMESPACES) ?? 'chaos-a';
    const index = this.#random.below(this.#perNamespace);
    const kind = this.#random.below(20);
    if (kind < 11) await this.#edit(namespace, index);
    else if (kind < 14) await this.#restore(namespace, index);
    else if (kind < 15) await this.#remove(namespace, index);
    else if (kind < 16) await this.#stranger(namespace);
    else if (kind < 17) await this.#commit(namespace, index);
    else if (kind < 18 && this.#random.below(8) === 0) await this.define();
    else await this.#status(namespace);
  }

  /** An event for a watch: edits an object of the kind. @param watchPath the collection's; undefined result: nothing of this world is there */
  async editIn(watchPath: string): Promise<boolean> {
    for (const namespace of NAMESPACES) {
      const index = Object.keys(PLURALS).findIndex((_kind, at) => this.#collectionOf(at, namespace) === watchPath);
      if (index < 0) continue;
      await this.#edit(namespace, index);
      return true;
    }
    return false;
  }

  /** The collection in which the object of this number stands. */
  #collectionOf(index: number, namespace: string): string {
    return `/${(PLURALS[manifest(index, namespace, 0).kind] ?? '').replace('NS', namespace)}`;
  }

  /** Makes everything live as Git has it, and nothing else. */
  async restoreAll(): Promise<void> {
    for (const namespace of NAMESPACES) {
      for (let index = 0; index < this.#perNamespace; index += 1) {
        await this.#restore(namespace, index);
        // What was added by hand no sync takes away.
        const object = this.#manifest(namespace, index);
        if (object.kind === 'Service') await this.#send('PATCH', object, namespace, { metadata: { labels: { team: null } } });
      }
      await this.#plane.kubectl(['delete', 'configmaps', '-n', namespace, '-l', 'stranger']);
    }
  }

  #count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  #manifest(namespace: string, index: number): Manifest {
    return manifest(index, namespace, this.#revisions.get(`${namespace}/${index}`) ?? 0);
  }

  async #send(
    method: string,
    object: Manifest,
    namespace: string,
    body?: unknown,
    contentType = 'application/merge-patch+json',
  ): Promise<void> {
    const place = (PLURALS[object.kind] ?? '').replace('NS', namespace);
    const query = method === 'PATCH' ? `?fieldManager=${contentType.includes('apply') ? 'kubectl&force=true' : 'kubectl-edit'}` : '';
    const { status, body: answer } = await this.#plane.request(`/${place}/${object.metadata.name}${query}`, {
      method,
      ...(body === undefined ? {} : { body, contentType }),
    });
    // What was deleted before is not there to be edited.
    if (status >= 300 && status !== 404) throw new Error(`${method} ${object.kind} ${object.metadata.name}: ${answer}`);
  }

  async #edit(namespace: string, index: number): Promise<void> {
    const object = this.#manifest(namespace, index);
    const value = this.#random.below(9);
    const patches: Readonly<Record<string, unknown>> = {
      ConfigMap: { data: { level: `live-${value}` } },
      Secret: { stringData: { password: `live-${value}` } },
      Deployment: { spec: { replicas: value } },
      Service: { metadata: { labels: { team: `t${value}` } } },
      Widget: { spec: { size: 20 + value } },
    };
    await this.#send('PATCH', object, namespace, patches[object.kind]);
    this.#count('edit');
  }

  /** As a sync does: what Git has, in place of what is live. */
  async #restore(namespace: string, index: number): Promise<void> {
    const object = this.#manifest(namespace, index);
    await this.#send('PATCH', object, namespace, object, 'application/apply-patch+yaml');
    this.#count('restore');
  }

  async #remove(namespace: string, index: number): Promise<void> {
    await this.#send('DELETE', this.#manifest(namespace, index), namespace);
    this.#count('delete');
  }

  async #stranger(namespace: string): Promise<void> {
    this.#strangers += 1;
    const metadata = { name: `stranger-${this.#strangers}`, namespace, labels: { stranger: 'yes' } };
    const object: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } };
    await this.#send('PATCH', object, namespace, object, 'application/apply-patch+yaml');
    if (this.#strangers % 2 === 0)
      await this.#send('DELETE', { ...object, metadata: { name: `stranger-${this.#strangers / 2}` } }, namespace);
    this.#count('stranger');
  }

  async #commit(namespace: string, index: number): Promise<void> {
    const id = `${namespace}/${index}`;
    this.#revisions.set(id, (this.#revisions.get(id) ?? 0) + 1);
    await writeFile(join(this.repo, namespace, `o${index}.yaml`), JSON.stringify(this.#manifest(namespace, index), undefined, 2));
    await git(this.repo, 'commit', '-q', '-a', '-m', `Change ${id}`);
    this.#count('commit');
  }

  /** Another version of an operator: the kind is the same, its schema another. */
  async define(): Promise<void> {
    const note = { type: 'string', nullable: true, default: `v${this.#random.below(1000)}` };
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.shop.example.com';
    const body = [{ op: 'add', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/note', value: note }];
    const { status, body: answer } = await this.#plane.request(path, { method: 'PATCH', body, contentType: 'application/json-patch+json' });
    if (status !== 200) throw new Error(`another definition: ${answer}`);
    this.#count('definition');
  }

  /** What controllers do all the time. */
  async #status(namespace: string): Promise<void> {
    const index = 4 + 5 * this.#random.below(Math.floor(this.#perNamespace / 5));
    const place = `${(PLURALS['Widget'] ?? '').replace('NS', namespace)}/o${index}/status?fieldManager=controller`;
    const body = { status: { seen: this.#random.below(1000) } };
    await this.#plane.request(`/${place}`, { method: 'PATCH', body, contentType: 'application/merge-patch+json' });
    this.#count('status');
  }
}
