import { randomBytes } from 'node:crypto';
import { AppError, isAppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { notCompared } from '../sessions/notCompared.ts';
import { kustomizationNames } from '../apps/fileFacts.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import type { KindFacts } from '../compare/normalize.ts';
import { arrayAt, jsonEqual, type JsonObject, type JsonValue, stringAt, valueAt } from '../model/json.ts';
import { keyOf, keyString, type KubeObject, type ObjectKey, parseKeyString } from '../model/objects.ts';
import { errorOf } from '../model/reasons.ts';
import { joinPath } from '../model/treePath.ts';
import { cleanManifest, defaultableFields, manifestText, without, withoutEmptied } from '../writeback/cleanManifest.ts';
import type { TextDraft } from '../writeback/textDraft.ts';
import { editYaml, yamlValues } from '../writeback/yamlEdit.ts';
import type { Draft, WritebackDrafts } from './writebackDraft.ts';

/** Dry-runs that finding the server's defaults of one object may cost. */
const MAX_DRY_RUNS = 150;

/** Puts objects that only the cluster has into new files of the application's source. */
export class ObjectWritebacks {
  readonly #drafts: WritebackDrafts;

  constructor(drafts: WritebackDrafts) {
    this.#drafts = drafts;
  }

  /**
   * The draft with a manifest of a live object, named in the `resources` of its kustomization.
   * @param id `keyString`
   * @throws AppError `adopt-object-helm`, `adopt-secret`, `adopt-object-changed` when the source would render it otherwise
   */
  async add(draft: Draft, session: ApplicationSession, id: string, signal: AbortSignal): Promise<Draft> {
    const { application, connection } = session;
    const key = parseKeyString(id);
    if (key.kind === 'Secret' && key.group === '') throw new AppError('adopt-secret');
    if (application.source.type === 'helm') throw new AppError('adopt-object-helm', { application: application.name });
    if (connection === undefined) throw errorOf(notCompared(session));
    const manifest = await liveManifest(connection, key, signal);
    let problem: AppError | undefined;
    for (const variant of this.#variants(manifest, application.destination?.namespace ?? '', await this.#affixes(session))) {
      try {
        return await this.#place(draft, session, key, variant, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isAppError(error)) throw error;
        problem ??= error;
      }
    }
    throw problem ?? new AppError('adopt-object-changed');
  }

  /** The manifest as the source may want it: without the namespace that the destination gives, without the overlay's name prefix. */
  #variants(manifest: KubeObject, namespace: string, { prefix, suffix }: Affixes): readonly KubeObject[] {
    const name = stringAt(manifest.metadata, 'name') ?? '';
    const isAffixed = prefix + suffix !== '' && name.startsWith(prefix) && name.endsWith(suffix) && name.length > (prefix + suffix).length;
    const named = isAffixed
      ? { ...manifest, metadata: { ...manifest.metadata, name: name.slice(prefix.length, name.length - suffix.length) } }
      : manifest;
    const bare = without(named, ['metadata', 'namespace']) as KubeObject;
    return stringAt(manifest.metadata, 'namespace') === namespace ? [bare, named] : [named];
  }

  async #affixes(session: ApplicationSession): Promise<Affixes> {
    const kustomization = await this.#kustomization(session);
    const [value] = kustomization === undefined ? [] : yamlValues(kustomization.text);
    return { prefix: stringAt(value, 'namePrefix') ?? '', suffix: stringAt(value, 'nameSuffix') ?? '' };
  }

  async #kustomization({ application: { source } }: ApplicationSession): Promise<{ file: string; text: string } | undefined> {
    if (source.type !== 'kustomize') return undefined;
    for (const name of kustomizationNames) {
      const file = joinPath(source.path, name);
      if ((await this.#drafts.workspace.repo.workingTree.kindOf(file)) === 'file') return { file, text: await this.#drafts.original(file) };
    }
    return undefined;
  }

  async #place(draft: Draft, session: ApplicationSession, key: ObjectKey, manifest: KubeObject, signal: AbortSignal): Promise<Draft> {
    const name = await this.#freeName(session.application.source.path, key, draft);
    let texts: TextDraft = draft.texts.withFile(joinPath(session.application.source.path, name), manifestText(manifest));
    const kustomization = await this.#kustomization(session);
    if (kustomization !== undefined) {
      const { file, text } = kustomization;
      const present = texts.text(file, text);
      const count = arrayAt(yamlValues(present)[0], 'resources').length;
      texts = texts.with(file, text, editYaml(present, { path: ['resources', count], value: name }));
    }
    let problem: AppError | undefined;
    // A plain manifest leaves its namespace to the destination; an overlay may fill it in.
    for (const namespace of new Set([stringAt(manifest.metadata, 'namespace') ?? '', key.namespace])) {
      const added = keyString({ ...key, namespace });
      try {
        const next = await this.#drafts.attempt(draft, texts, { session, added }, signal);
        const { objects } = await this.#drafts.after(next, session, signal);
        const rendered = objects.find(({ object }) => keyString(keyOf(object)) === added);
        if (rendered === undefined || !saysAll(rendered.object, manifest)) throw new AppError('adopt-object-changed');
        return next;
      } catch (error) {
        if (!isAppError(error)) throw error;
        problem ??= error;
      }
    }
    throw problem ?? new AppError('adopt-object-changed');
  }

  /** `deployment-web.yaml`, or with a number where there is one already. */
  async #freeName(folder: string, { kind, name }: ObjectKey, draft: Draft): Promise<string> {
    const base = `${kind}-${name}`.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-');
    const taken = new Set((await this.#drafts.workspace.repo.workingTree.list(folder))?.map((entry) => entry.name) ?? []);
    for (let count = 1; ; count += 1) {
      const file = count === 1 ? `${base}.yaml` : `${base}-${String(count)}.yaml`;
      if (!taken.has(file) && !draft.texts.paths.includes(joinPath(folder, file))) return file;
    }
  }
}

interface Affixes {
  readonly prefix: string;
  readonly suffix: string;
}

/** Whether a rendered object has every value of a manifest; names, labels and annotations may be the overlay's. */
function saysAll(rendered: KubeObject, manifest: KubeObject): boolean {
  const { metadata: _own, ...content } = manifest;
  return Object.entries(content).every(([key, value]) => jsonEqual(rendered[key], value));
}

/**
 * A live object as a person would write its manifest: without what the server, controllers and tools wrote, and without the defaults that
 * the server fills in by itself, found by asking it (dry-run creates of a copy under another name).
 */
async function liveManifest(connection: ClusterConnection, key: ObjectKey, signal: AbortSignal): Promise<KubeObject> {
  const resource = await connection.discovery.resourceOfKind(key.group, key.kind, signal);
  if (resource === undefined) throw new AppError('unknown-kind', { kind: key.kind, group: key.group });
  const live = await connection.get({ group: resource.group, version: resource.version, kind: key.kind }, key, { signal });
  const manifest = cleanManifest(live, resource);
  try {
    return await withoutDefaults(connection, manifest, resource, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isAppError(error)) throw error;
    // Without the right to create nothing tells defaults from what was written: all of it is kept.
    return manifest;
  }
}

async function withoutDefaults(
  connection: ClusterConnection,
  manifest: KubeObject,
  facts: KindFacts,
  signal: AbortSignal,
): Promise<KubeObject> {
  const name = `plumbline-${randomBytes(5).toString('hex')}`;
  const made = async (object: JsonValue): Promise<JsonObject> => {
    const { metadata } = object as KubeObject;
    const copy = { ...(object as KubeObject), metadata: { ...metadata, name } };
    const answer = await connection.create(copy, { dryRun: true, fieldManager: 'plumbline', signal });
    const { metadata: _own, ...content } = cleanManifest(answer.object, facts);
    return content;
  };
  const whole = await made(manifest);
  let dryRuns = 1;
  let kept: JsonValue = manifest;
  const drop = async (paths: readonly (readonly (string | number)[])[]): Promise<void> => {
    if (paths.length === 0 || dryRuns >= MAX_DRY_RUNS) return;
    let next: JsonValue = kept;
    for (const path of paths) next = without(next, path);
    dryRuns += 1;
    const answer = await made(next).catch((error: unknown) => {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      return undefined;
    });
    if (answer !== undefined && jsonEqual(answer, whole)) {
      kept = next;
      return;
    }
    if (paths.length === 1) return;
    const middle = Math.ceil(paths.length / 2);
    await drop(paths.slice(0, middle));
    await drop(paths.slice(middle));
  };
  await drop(defaultableFields(manifest).filter((path) => valueAt(manifest, ...path) !== undefined));
  const tidy = withoutEmptied(kept, manifest);
  const isSame = jsonEqual(await made(tidy).catch(() => null), whole);
  return (isSame ? tidy : kept) as KubeObject;
}
