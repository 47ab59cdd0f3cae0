import { AppError, isAppError } from '../../base/errors.ts';
import { configFileName } from '../apps/configFile.ts';
import { kustomizationNames } from '../apps/fileFacts.ts';
import { type FieldWritebacks, valuesIn, type WantedField } from './fieldWritebacks.ts';
import { jsonEqual, type JsonValue, stringAt } from '../model/json.ts';
import { nameOf, namespaceOf } from '../model/objects.ts';
import { joinPath, resolvePath } from '../model/treePath.ts';
import { newPatchEdit, patchFileEdit, patchFilesOf, type PatchTarget } from '../writeback/overlayPatch.ts';
import type { Splice } from '../writeback/spliceScalar.ts';
import { type YamlPath, yamlValues } from '../writeback/yamlEdit.ts';
import { indexInConfig } from '../sources/specInputs.ts';
import { type Draft, newOthers, type WritebackDrafts } from './writebackDraft.ts';
import { keyEdit, type ValuesKey, valuesKeyAt } from './valuesKeys.ts';

/** Writes a field into what only one application reads: a patch of its overlay, or its environment's values file. */
export class OverlayWritebacks {
  readonly #drafts: WritebackDrafts;
  readonly #fields: FieldWritebacks;

  constructor(drafts: WritebackDrafts, fields: FieldWritebacks) {
    this.#drafts = drafts;
    this.#fields = fields;
  }

  /**
   * The draft with a field set in the application's overlay.
   * @throws AppError `adopt-no-overlay` when it has none, or none of its files serves this application alone
   */
  async edit(draft: Draft, field: WantedField, signal: AbortSignal): Promise<Draft> {
    const { source } = field.session.application;
    const found =
      source.type === 'kustomize'
        ? await this.#patched(draft, field, signal)
        : source.type === 'helm'
          ? await this.#inValues(draft, field, signal)
          : undefined;
    if (found === undefined) throw new AppError('adopt-no-overlay', { application: field.session.application.name });
    return found;
  }

  async #patched(draft: Draft, field: WantedField, signal: AbortSignal): Promise<Draft | undefined> {
    const folder = field.session.application.source.path;
    const { workingTree } = this.#drafts.workspace.repo;
    for (const name of kustomizationNames) {
      const file = joinPath(folder, name);
      if ((await workingTree.kindOf(file)) !== 'file') continue;
      const kustomization = await this.#drafts.original(file);
      const patched = { path: field.path, value: field.value, object: field.rendered.object };
      const targets = await this.#targetsOf(field, signal);
      for (const written of patchFilesOf(draft.texts.text(file, kustomization))) {
        const patch = resolvePath(folder, written);
        if (patch === undefined) continue;
        for (const target of targets) {
          const next = await this.#try(draft, patch, field, (text) => patchFileEdit(text, target, patched), signal);
          if (next !== undefined) return next;
        }
      }
      for (const isByPosition of [false, true]) {
        for (const target of targets) {
          const next = await this.#try(draft, file, field, (text) => newPatchEdit(text, target, patched, isByPosition), signal);
          if (next !== undefined) return next;
        }
      }
    }
    return undefined;
  }

  /** What the object may be called before the overlay renames it: as files say, without a generator's hash, as it is rendered. */
  async #targetsOf(
    { session, rendered: { object, file, documentIndex } }: WantedField,
    signal: AbortSignal,
  ): Promise<readonly PatchTarget[]> {
    const named = (name: string, namespace: string): PatchTarget => ({ apiVersion: object.apiVersion, kind: object.kind, name, namespace });
    const rendered = nameOf(object);
    const usual = [named(rendered.replace(/-[a-z0-9]{10}$/, ''), ''), named(rendered, namespaceOf(object))];
    const said = async (path: string): Promise<readonly (JsonValue | undefined)[]> =>
      valuesIn(await this.#drafts.original(path).catch(() => ''));
    const targetIn = (value: JsonValue | undefined): readonly PatchTarget[] => {
      const name = stringAt(value, 'metadata', 'name');
      return name === undefined ? [] : [named(name, stringAt(value, 'metadata', 'namespace') ?? '')];
    };
    if (file !== undefined && documentIndex !== undefined) return [...targetIn((await said(file))[documentIndex]), ...usual];
    // Kustomize does not tell where it comes from, as when a patch replaces all annotations: any file may declare it.
    const { reads } = await this.#drafts.before(session, signal);
    const files = [...new Set(reads.flatMap((read) => (read.kind === 'file' && /\.ya?ml$/.test(read.path) ? [read.path] : [])))];
    const documents = (await Promise.all(files.map(said))).flat();
    const alike = documents
      .filter((value) => stringAt(value, 'kind') === object.kind && stringAt(value, 'apiVersion') === object.apiVersion)
      .flatMap(targetIn)
      .filter(({ name }) => rendered.includes(name))
      .sort((left, right) => right.name.length - left.name.length);
    const all = [...alike, ...usual];
    const isFirst = ({ name, namespace }: PatchTarget, index: number): boolean =>
      all.findIndex((each) => each.name === name && each.namespace === namespace) === index;
    return all.filter(isFirst);
  }

  /** The same key of the last values file that serves this application alone. */
  async #inValues(draft: Draft, field: WantedField, signal: AbortSignal): Promise<Draft | undefined> {
    const { source } = field.session.application;
    for (const key of await this.#keysOf(field, signal)) {
      const { file: said } = key;
      for (const written of (source.helm?.valueFiles ?? []).toReversed()) {
        const file = resolvePath(source.path, written);
        if (file === undefined || file === said) continue;
        const next = await this.#try(draft, file, field, (text) => keyEdit(text, key), signal);
        if (next !== undefined) return next;
      }
      const next = (await this.#inDeployer(draft, field, key, signal)) ?? (await this.#inConfig(draft, field, key, signal));
      if (next !== undefined) return next;
    }
    return undefined;
  }

  /** The keys of the chart's values that set a field, with what they are to be; of one that Git does not have, those that may take it. */
  async #keysOf(field: WantedField, signal: AbortSignal): Promise<readonly ValuesKey[]> {
    const { source } = field.session.application;
    const under = (file: string, path: YamlPath): YamlPath => [...subchartsOf(source.path, file), ...belowValues(path)];
    const open = await this.#fields.openKeys(field, signal);
    const places = await this.#fields.places(field, signal).catch((error: unknown) => {
      if (!isAppError(error)) throw error;
      return [];
    });
    const taking = open.flatMap(({ file, change: { path, value } }) =>
      value === undefined ? [] : [{ path: under(file, path), value, isAdded: true }],
    );
    const { value } = field;
    if (value === undefined) return [];
    const standing: ValuesKey[] = [];
    for (const place of places.filter(({ edit }) => edit.role === 'values')) {
      const { file } = place.range;
      const key = valuesKeyAt(await this.#drafts.original(file), place, value);
      if (key === undefined) continue;
      const path = under(file, key.path);
      if (!standing.some((each) => each.file === file && jsonEqual(each.path, path))) standing.push({ ...key, path });
    }
    return [...standing, ...taking];
  }

  /** The values of the HelmRelease or Application that deploys the chart; of a text of values within it only where it has none yet. */
  async #inDeployer(draft: Draft, field: WantedField, key: ValuesKey, signal: AbortSignal): Promise<Draft | undefined> {
    const { deployedBy: by } = field.session.application.source;
    if (by === undefined) return undefined;
    const edit = (text: string): Splice | undefined => {
      const document = yamlValues(text).findIndex(
        (each) => stringAt(each, 'kind') === by.kind && stringAt(each, 'metadata', 'name') === by.name,
      );
      if (document < 0) return undefined;
      const hasText = (stringAt(yamlValues(text)[document], 'spec', 'source', 'helm', 'values') ?? '') !== '';
      const values = by.kind === 'HelmRelease' ? ['spec', 'values'] : ['spec', 'source', 'helm', 'valuesObject'];
      return by.kind === 'Application' && hasText ? undefined : keyEdit(text, { ...key, document, path: [...values, ...key.path] });
    };
    return this.#try(draft, by.file, field, edit, signal);
  }

  /** The application's own values in plumbline.yaml. */
  async #inConfig(draft: Draft, field: WantedField, key: ValuesKey, signal: AbortSignal): Promise<Draft | undefined> {
    const { application } = field.session;
    if (application.origin !== 'plumbline.yaml') return undefined;
    const edit = (text: string): Splice | undefined => {
      const index = indexInConfig(application, text);
      return index < 0 ? undefined : keyEdit(text, { ...key, path: ['applications', index, 'helm', 'values', ...key.path] });
    };
    return this.#try(draft, configFileName, field, edit, signal);
  }

  /** The draft with one more edit, when it does what is meant and nothing else than that moves. */
  async #try(
    draft: Draft,
    file: string,
    field: WantedField,
    edit: (text: string) => Splice | undefined,
    signal: AbortSignal,
  ): Promise<Draft | undefined> {
    try {
      const original = await this.#drafts.original(file);
      const splice = edit(draft.texts.text(file, original));
      if (splice === undefined) return undefined;
      const next = await this.#drafts.attempt(draft, draft.texts.with(file, original, splice), field.meant, signal);
      return newOthers(next, draft).length > 0 ? undefined : next;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      return undefined;
    }
  }
}

/** The keys below the values that stand in a HelmRelease or an Application. */
function belowValues(path: YamlPath): YamlPath {
  const above = [
    ['spec', 'values'],
    ['spec', 'source', 'helm', 'valuesObject'],
  ].find((steps) => steps.every((step, index) => path[index] === step));
  return path.slice(above?.length ?? 0);
}

/** Keys under which a chart's own values file stands in those of the chart above: `charts/queue/values.yaml` is `queue`. */
function subchartsOf(chart: string, file: string): readonly string[] {
  const below = chart === '' ? file : file.slice(chart.length + 1);
  return [...below.matchAll(/(?:^|\/)charts\/([^/]+)(?=\/)/g)].map((match) => match[1] ?? '');
}
