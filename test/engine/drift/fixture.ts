import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { readFile } from 'node:fs/promises';
import { Limiter } from '../../../src/base/async.ts';
import { apiError } from '../../../src/engine/cluster/apiErrors.ts';
import type { DryRunClient, DryRunOptions } from '../../../src/engine/drift/dryRunClient.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import type { JudgeContext, JudgeInput } from '../../../src/engine/drift/judgement.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../../../src/engine/model/json.ts';
import { type GroupVersionKind, gvkOf, isKubeObject, keyOf, type KubeObject, type ObjectKey } from '../../../src/engine/model/objects.ts';
import { type ResourceInfo, resourcePath } from '../../../src/engine/model/resourceInfo.ts';
import { reduceOpenApi, type SchemaDocument, schemaOfKind } from '../../../src/engine/model/schema.ts';
import type { FieldDifference, Verdict } from '../../../src/engine/model/states.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';

/** A user's calls to a real API server, counted. */
export class TestClient implements DryRunClient {
  readonly #plane: ControlPlane;
  readonly #user: string;
  readonly #agent: Agent;
  readonly #documents = new Map<string, Promise<SchemaDocument>>();
  readonly #resources = new Map<string, Promise<readonly ResourceInfo[]>>();
  dryRuns = 0;
  reads = 0;

  constructor(plane: ControlPlane, user: string, ca: Buffer) {
    this.#plane = plane;
    this.#user = user;
    this.#agent = new Agent({ keepAlive: true, ca });
  }

  dispose(): void {
    this.#agent.destroy();
  }

  call(method: string, path: string, body?: JsonValue, contentType = 'application/json'): Promise<{ status: number; body: JsonValue }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#plane.serverUrl}${path}`,
        {
          method,
          agent: this.#agent,
          headers: { authorization: `Bearer ${this.#plane.token(this.#user)}`, accept: 'application/json', 'content-type': contentType },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? (JSON.parse(text) as JsonValue) : text });
          });
        },
      );
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async get(gvk: GroupVersionKind, key: ObjectKey): Promise<KubeObject> {
    this.reads += 1;
    return this.#object('get', gvk, key, (path) => this.call('GET', path));
  }

  async patch(
    gvk: GroupVersionKind,
    key: ObjectKey,
    body: JsonValue,
    options: DryRunOptions,
  ): Promise<{ object: KubeObject; warnings: readonly string[] }> {
    this.dryRuns += 1;
    const type = { apply: 'apply-patch+yaml', merge: 'merge-patch+json', strategic: 'strategic-merge-patch+json' }[options.type];
    const force = options.force === true ? '&force=true' : '';
    const query = `?dryRun=All&fieldManager=${options.fieldManager}&fieldValidation=${options.fieldValidation}${force}`;
    return {
      object: await this.#object('patch', gvk, key, (path) => this.call('PATCH', `${path}${query}`, body, `application/${type}`)),
      warnings: [],
    };
  }

  async #object(
    verb: string,
    gvk: GroupVersionKind,
    key: ObjectKey,
    send: (path: string) => Promise<{ status: number; body: JsonValue }>,
  ): Promise<KubeObject> {
    const resource = await this.resource(gvk);
    const plural = resource?.plural ?? `${gvk.kind.toLowerCase()}s`;
    const { status, body } = await send(resourcePath({ ...gvk, plural }, key.namespace, key.name));
    if (status < 300 && isKubeObject(body)) return body;
    const subject = { verb, group: gvk.group, resource: plural, namespace: key.namespace, name: key.name };
    throw apiError(status, body, subject, { context: this.#plane.name, server: this.#plane.serverUrl });
  }

  /** Discovery of one kind. */
  async resource(gvk: GroupVersionKind): Promise<ResourceInfo | undefined> {
    const groupVersion = gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`;
    let list = this.#resources.get(groupVersion);
    if (list === undefined) {
      list = this.#readResources(gvk);
      this.#resources.set(groupVersion, list);
    }
    const resources = await list;
    return resources.find((resource) => resource.kind === gvk.kind);
  }

  async #readResources(gvk: GroupVersionKind): Promise<readonly ResourceInfo[]> {
    const root = gvk.group === '' ? `/api/${gvk.version}` : `/apis/${gvk.group}/${gvk.version}`;
    const { body } = await this.call('GET', root);
    const entries = arrayAt(body, 'resources').filter(isJsonObject);
    const names = new Set(entries.map((entry) => stringAt(entry, 'name') ?? ''));
    return entries.flatMap((entry) => {
      const plural = stringAt(entry, 'name') ?? '';
      if (plural.includes('/')) return [];
      return [
        {
          ...gvk,
          kind: stringAt(entry, 'kind') ?? '',
          plural,
          isNamespaced: entry['namespaced'] === true,
          verbs: arrayAt(entry, 'verbs').filter((verb) => typeof verb === 'string'),
          hasStatus: names.has(`${plural}/status`),
          hasScale: names.has(`${plural}/scale`),
          servedBy: gvk.group.includes('.example.') ? 'crd' : 'builtin',
          isPreferred: true,
        } satisfies ResourceInfo,
      ];
    });
  }

  /** Forgets schemas and discovery, after a CRD was made. */
  forget(): void {
    this.#documents.clear();
    this.#resources.clear();
  }

  async schemaOf(gvk: GroupVersionKind): Promise<ReturnType<typeof schemaOfKind>> {
    const groupVersion = gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`;
    let document = this.#documents.get(groupVersion);
    if (document === undefined) {
      document = this.#readDocument(groupVersion, gvk);
      this.#documents.set(groupVersion, document);
    }
    return schemaOfKind(await document, gvk.kind);
  }

  async #readDocument(groupVersion: string, gvk: GroupVersionKind): Promise<SchemaDocument> {
    const path = gvk.group === '' ? `api/${gvk.version}` : `apis/${gvk.group}/${gvk.version}`;
    const index = await this.call('GET', '/openapi/v3');
    const url = stringAt(objectAt(index.body, 'paths', path), 'serverRelativeURL') ?? `/openapi/v3/${path}`;
    const { body } = await this.call('GET', url);
    return reduceOpenApi(groupVersion, /hash=(\w+)/.exec(url)?.[1] ?? '', body as JsonObject);
  }
}

/** A control plane with judges for its users. */
export interface Fixture {
  readonly plane: ControlPlane;
  readonly admin: TestClient;
  readonly viewer: TestClient;
  /** judges one object as the admin; options override parts of the input */
  judge(desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict>;
  /** {@link judge}, and the same input again as the viewer, who must be told exactly what {@link assertAsViewer} says */
  judgeBoth(desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict>;
  /** judges as the viewer, who may not dry-run */
  judgeAsViewer(desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict>;
  input(desired: KubeObject, options?: Partial<JudgeInput>): Promise<JudgeInput>;
  /** a judge with an empty cache, and its context */
  newJudge(client?: DryRunClient): { judge: Judge; context: JudgeContext; cache: VerdictCache };
  live(object: KubeObject): Promise<KubeObject | undefined>;
  stop(): Promise<void>;
}

/** Starts a control plane of its own; stop it in the test's `after`. */
export async function startFixture(apiServerArgs: readonly string[] = []): Promise<Fixture> {
  const plane = await startControlPlane({ name: 'drift', apiServerArgs });
  const ca = await readFile(plane.caPath);
  const admin = new TestClient(plane, 'admin', ca);
  const viewer = new TestClient(plane, 'viewer', ca);
  const live = async (object: KubeObject): Promise<KubeObject | undefined> => {
    try {
      return await admin.get(gvkOf(object), keyOf(object));
    } catch {
      return undefined;
    }
  };
  const input = async (desired: KubeObject, options: Partial<JudgeInput> = {}): Promise<JudgeInput> => ({
    key: keyOf(desired),
    desired,
    live: await live(desired),
    schema: await admin.schemaOf(gvkOf(desired)),
    resource: await admin.resource(gvkOf(desired)),
    owner: 'plumbline',
    rules: [],
    ...options,
  });
  const newJudge = (client: DryRunClient = admin, canDryRun = true): { judge: Judge; context: JudgeContext; cache: VerdictCache } => {
    const cache = new VerdictCache({ hashKey: Buffer.alloc(32, 7), now: () => Date.now() });
    const context: JudgeContext = {
      client,
      canDryRun: () => Promise.resolve(canDryRun),
      serverVersion: 'v1.36.3',
      clusterUid: 'test',
    };
    return { judge: new Judge(cache, new Limiter(8)), context, cache };
  };
  const judge = async (desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict> => {
    const made = newJudge();
    return made.judge.judge(await input(desired, options), made.context);
  };
  const judgeAsViewer = async (desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict> => {
    const made = newJudge(viewer, false);
    return made.judge.judge(await input(desired, options), made.context);
  };
  const judgeBoth = async (desired: KubeObject, options?: Partial<JudgeInput>): Promise<Verdict> => {
    const [own, viewers] = [newJudge(), newJudge(viewer, false)];
    const given = await input(desired, options);
    const verdict = await own.judge.judge(given, own.context);
    assertAsViewer(verdict, await viewers.judge.judge(given, viewers.context));
    return verdict;
  };
  const stop = async (): Promise<void> => {
    admin.dispose();
    viewer.dispose();
    await plane.stop();
  };
  return { plane, admin, viewer, judge, judgeBoth, judgeAsViewer, input, newJudge, live, stop };
}

/** One line per field that counts or is cosmetic: what a test compares. */
export function lines(verdict: Verdict): readonly string[] {
  return verdict.fields
    .map((field) => {
      const show = (value: JsonValue | undefined): string => (value === undefined ? '-' : JSON.stringify(value));
      const by =
        field.writer === undefined
          ? ''
          : ` by ${field.writer.manager}${field.writer.subresource === undefined ? '' : `/${field.writer.subresource}`}`;
      const marks = `${field.isCosmetic ? ' cosmetic' : ''}${field.isConfirmed ? '' : ' unconfirmed'}`;
      return `${field.direction} ${field.change} ${field.id}: ${show(field.git)} -> ${show(field.live)}${by}${marks}`;
    })
    .sort();
}

/**
 * What a user who may only read is told must be true, if less: never `synced` where there is drift, never drift where there is none, no
 * field that does not differ, and no field called confirmed that only the server could confirm.
 */
export function assertSoundForViewer(admin: Verdict, viewer: Verdict): void {
  const isDifferent = admin.state !== 'synced';
  const allowed = isDifferent
    ? [admin.state, 'drifted', 'drifted (not confirmed)', 'unverified', 'cannot compare']
    : ['synced', 'unverified'];
  assert.ok(allowed.includes(viewer.state), `viewer sees '${viewer.state}' where the admin sees '${admin.state}'`);
  const known = new Set(admin.fields.map((field) => field.id));
  // What admission makes of a value looks different to whoever cannot ask: it may be shown, never as drift.
  const byServer = new Set(admin.ignored.map((field) => field.id));
  const isAllowed = ({ id, isConfirmed, direction }: FieldDifference): boolean =>
    known.has(id) || (byServer.has(id) && !isConfirmed && direction !== 'drifted');
  const unknown = viewer.fields.filter((field) => !isAllowed(field)).map((field) => field.id);
  assert.deepEqual(unknown, [], 'fields that do not differ');
  if (viewer.state === 'synced') assert.equal(viewer.proof, 'local');
}

/**
 * What exactly a user who may only read must be told: the very same wherever the local proof gives it; where it takes a dry-run, `drifted`
 * for what somebody added, `drifted (not confirmed)` for a plain scalar that another manager changed, and `unverified` for the rest.
 */
export function assertAsViewer(admin: Verdict, viewer: Verdict): void {
  assertSoundForViewer(admin, viewer);
  if (viewer.reason?.code !== 'dry-run-forbidden') {
    assert.deepEqual(viewer, admin);
    return;
  }
  assert.notEqual(admin.proof, 'local', 'a local proof needs no right');
  const isScalar = (value: JsonValue | undefined): boolean => value !== undefined && (typeof value !== 'object' || value === null);
  const isByAnother = ({ writer }: FieldDifference): boolean =>
    writer !== undefined && (writer.manager !== admin.manager || writer.subresource !== undefined);
  const counted = admin.fields.filter((field) => !field.isCosmetic && field.direction === 'drifted');
  const isAdded = viewer.fields.some(({ change, isConfirmed, isCosmetic }) => change === 'added' && isConfirmed && !isCosmetic);
  const isChanged = counted.some(
    (field) =>
      field.change === 'changed' &&
      isScalar(field.git) &&
      isScalar(field.live) &&
      isByAnother(field) &&
      !field.path.some((step) => 'index' in step),
  );
  assert.equal(viewer.state, isAdded ? 'drifted' : isChanged ? 'drifted (not confirmed)' : 'unverified');
}
