import { join } from 'node:path';
import { type BackgroundRunner, Throttler } from '../../base/async.ts';
import { Emitter } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { decodeText } from '../git/textEncoding.ts';
import type { WorkingTree } from '../git/workingTree.ts';
import type { JsonValue } from '../model/json.ts';
import { canonicalJson } from '../model/json.ts';
import type { EditedField, EditedObject, EditEffect } from '../model/edits.ts';
import type { LineMark } from '../model/snapshot.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { LineMap } from '../provenance/lineMap.ts';

interface ApplicationMarks {
  readonly tree: SourceTree;
  readonly marks: readonly LineMark[];
}

/** Edits of an application, with the texts that their ranges count in. */
interface ApplicationEdits {
  readonly effect: EditEffect;
  readonly texts: ReadonlyMap<string, string>;
}

interface CachedMap {
  readonly from: string;
  readonly to: string;
  readonly map: LineMap;
}

/**
 * The marks of one repo by file. Applications hand in ranges of target's text; the index moves them to where those lines stand in
 * the working tree (unsaved buffers included) and says when a file's marks have changed.
 */
export class MarkIndex implements Disposable {
  readonly #root: string;
  readonly #workingTree: WorkingTree;
  readonly #byApplication = new Map<string, ApplicationMarks>();
  readonly #edits = new Map<string, ApplicationEdits>();
  readonly #shown = new Map<string, readonly LineMark[]>();
  /** the text that a file's marks were last placed in */
  readonly #placedIn = new Map<string, string>();
  /** by file, and by the id of the tree that its marks count in: those of the last placing only */
  readonly #maps = new Map<string, ReadonlyMap<string, CachedMap>>();
  readonly #changed = new Emitter<readonly string[]>();
  readonly #recompute: Throttler;
  #dirty = new Set<string>();

  /** Fires with absolute paths of files whose marks differ from before. */
  readonly onDidChange = this.#changed.event;

  constructor(root: string, workingTree: WorkingTree, background: BackgroundRunner) {
    this.#root = root;
    this.#workingTree = workingTree;
    this.#recompute = new Throttler(background, 'place marks', () => this.#placeDirty());
  }

  /**
   * Replaces the marks of one application; `undefined` takes them away.
   * @param files the only ones in which they may differ from those before; absent: all
   */
  set(applicationId: string, next: ApplicationMarks | undefined, files?: ReadonlySet<string>): void {
    const before = this.#byApplication.get(applicationId)?.marks ?? [];
    if (next === undefined || next.marks.length === 0) this.#byApplication.delete(applicationId);
    else this.#byApplication.set(applicationId, next);
    for (const file of files ?? [...before, ...(next?.marks ?? [])].map(({ range }) => range.file)) this.#dirty.add(file);
    if (this.#dirty.size > 0) this.#recompute.request();
  }

  /** Replaces the edits of one application; `undefined` takes them away. */
  setEdits(applicationId: string, next: ApplicationEdits | undefined): void {
    for (const file of filesOf(this.#edits.get(applicationId))) this.#dirty.add(file);
    if (next === undefined) this.#edits.delete(applicationId);
    else this.#edits.set(applicationId, next);
    for (const file of filesOf(next)) this.#dirty.add(file);
    // A field that was marked before its edit carries the edit's value, wherever its own line is.
    for (const mark of this.#byApplication.get(applicationId)?.marks ?? []) this.#dirty.add(mark.range.file);
    if (this.#dirty.size > 0) this.#recompute.request();
  }

  /** Texts of the working tree changed; folders stand for all below. */
  filesChanged(paths: readonly string[]): void {
    const marked = [...this.#byApplication.values()].flatMap(({ marks }) => marks.map((mark) => mark.range.file));
    for (const file of new Set([...marked, ...[...this.#edits.values()].flatMap(filesOf)])) {
      if (paths.some((path) => file === path || path === '' || file.startsWith(`${path}/`))) this.#dirty.add(file);
    }
    if (this.#dirty.size > 0) this.#recompute.request();
  }

  /** Marks of a file as last placed. @param path relative to the root */
  marks(path: string): readonly LineMark[] {
    return this.#shown.get(path) ?? [];
  }

  /** The text that the lines of {@link marks} count in; undefined when the file has no marks. */
  textOfMarks(path: string): string | undefined {
    return this.#placedIn.get(path);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #placeDirty(): Promise<void> {
    const files = [...this.#dirty];
    this.#dirty = new Set();
    const changed: string[] = [];
    for (const file of files) {
      const placed = await this.#place(file);
      if (canonicalJson(placed as unknown as JsonValue) === canonicalJson(this.marks(file) as unknown as JsonValue)) continue;
      if (placed.length === 0) this.#shown.delete(file);
      else this.#shown.set(file, placed);
      changed.push(join(this.#root, file));
    }
    if (changed.length > 0) this.#changed.fire(changed);
  }

  async #place(file: string): Promise<readonly LineMark[]> {
    const now = await this.#workingTree.readText(file);
    if (now === undefined) this.#placedIn.delete(file);
    else this.#placedIn.set(file, now);
    if (now === undefined) return [];
    const placed: LineMark[] = [];
    const maps = new Map<string, CachedMap>();
    for (const { tree, marks } of this.#byApplication.values()) {
      const here = marks.filter((mark) => mark.range.file === file);
      if (here.length === 0) continue;
      const known = maps.get(tree.id) ?? (await this.#mapOf(file, tree, now));
      if (known !== undefined) maps.set(tree.id, known);
      for (const mark of here) {
        const moved = known?.map.map(mark.range);
        if (moved !== undefined) placed.push({ ...mark, range: moved.range, isEdited: moved.isEdited });
      }
    }
    if (maps.size === 0) this.#maps.delete(file);
    else this.#maps.set(file, maps);
    return [...placed.map((mark) => this.#withEdit(mark)), ...this.#editMarks(file, now, placed)].sort(
      (a, b) => a.range.startLine - b.range.startLine || (a.applicationId < b.applicationId ? -1 : 1),
    );
  }

  #withEdit(mark: LineMark): LineMark {
    const field = fieldOf(this.#edits.get(mark.applicationId)?.effect, mark);
    return field?.working === undefined ? mark : { ...mark, working: field.working, isEdited: true };
  }

  /** Marks of the fields that only the edits change, on the lines that set them. */
  #editMarks(file: string, now: string, placed: readonly LineMark[]): readonly LineMark[] {
    return [...this.#edits.values()].flatMap(({ effect, texts }) => {
      const from = texts.get(file);
      if (from === undefined) return [];
      const map = new LineMap(from, now);
      return effect.objects.flatMap((object) =>
        object.fields.flatMap((field): readonly LineMark[] => {
          const isPlaced = placed.some((mark) => mark.applicationId === effect.applicationId && isOf(mark, object, field));
          if (isPlaced || field.source?.file !== file) return [];
          const moved = map.map(field.source);
          return moved === undefined ? [] : [editMark(effect, object, field, moved.range)];
        }),
      );
    });
  }

  async #mapOf(file: string, tree: SourceTree, to: string): Promise<CachedMap | undefined> {
    const cached = this.#maps.get(file)?.get(tree.id);
    if (cached?.to === to) return cached;
    const from = cached?.from ?? (await textOf(tree, file));
    return from === undefined ? undefined : { from, to, map: new LineMap(from, to) };
  }
}

function filesOf(edits: ApplicationEdits | undefined): readonly string[] {
  return (edits?.effect.objects ?? []).flatMap(({ fields }) => fields.flatMap(({ source }) => source?.file ?? []));
}

function isOf(mark: LineMark, object: EditedObject, field: EditedField): boolean {
  return mark.objectKey === object.key && mark.fieldId === field.id;
}

function fieldOf(effect: EditEffect | undefined, mark: LineMark): EditedField | undefined {
  return effect?.objects.find(({ key }) => key === mark.objectKey)?.fields.find(({ id }) => id === mark.fieldId);
}

function editMark(effect: EditEffect, { key, object }: EditedObject, field: EditedField, range: LineMark['range']): LineMark {
  const { applicationId, applicationName, environment, context } = effect;
  return {
    range,
    kind: 'edited',
    applicationId,
    applicationName,
    context,
    object,
    objectKey: key,
    fieldId: field.id,
    isEdited: true,
    ...(environment === undefined ? {} : { environment }),
    ...(field.git === undefined ? {} : { git: field.git }),
    ...(field.working === undefined ? {} : { working: field.working }),
    ...(field.live === undefined ? {} : { live: field.live }),
  };
}

/** The text of a file without its byte order mark, or undefined when there is no such file. */
export async function textOf(tree: SourceTree, path: string): Promise<string | undefined> {
  const bytes = await tree.read(path);
  return bytes === undefined ? undefined : decodeText(bytes);
}

/** The texts of those files that are there. */
export async function textsOf(tree: SourceTree, paths: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(paths.map((path) => textOf(tree, path)));
  return texts.filter((text) => text !== undefined);
}
