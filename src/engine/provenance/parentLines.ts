import type { FileRange } from '../model/application.ts';
import { type FieldPath, toJsonPointer, valueAtPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue, scalarsBelow } from '../model/json.ts';
import { pointerToken } from '../model/jsonPointer.ts';
import { isComplete, type RenderedObject, type RenderResult } from '../model/render.ts';
import type { Candidate } from './candidates.ts';
import type { RenderInputs } from './inputs.ts';
import { ADDED, type OpenPlace, openPlaceAbove, openPlacesOf } from './linesAbove.ts';
import { leafId } from './markers.ts';
import type { Probe, Prover } from './prover.ts';

/** leaves of one mapping or list whose lines are tried */
const MAX_LEAVES = 4;
/** parents of a field that are not known yet and are asked about, the nearest first */
const MAX_ASKED = 4;
/** lines with the same key that are tried */
const MAX_KEYS = 6;

/**
 * Finds the lines of the mappings and lists of a render: those below which something can be added that then arrives in them. Starts from
 * the lines of what is in them already.
 */
export class ParentLines {
  readonly #render: Pick<RenderResult, 'objects'>;
  readonly #inputs: RenderInputs;
  readonly #prover: Prover;
  readonly #probe: Probe;
  /** by {@link leafId} of the mapping or list */
  readonly #known = new Map<string, FileRange | undefined>();

  constructor(render: Pick<RenderResult, 'objects'>, inputs: RenderInputs, prover: Prover, probe: Probe) {
    this.#render = render;
    this.#inputs = inputs;
    this.#prover = prover;
    this.#probe = probe;
  }

  /** The line of the nearest parent of a field that the render does not have; undefined: none but the object itself is known. */
  async find(object: RenderedObject, path: FieldPath, signal: AbortSignal): Promise<FileRange | undefined> {
    const position = this.#render.objects.indexOf(object);
    let asked = 0;
    for (let length = path.length - 1; position >= 0 && length > 0 && asked < MAX_ASKED; length -= 1) {
      const above = path.slice(0, length);
      const pointer = toJsonPointer(object.object, above);
      const value = valueAtPath(object.object, above);
      if (pointer === undefined || value === undefined) continue;
      const id = leafId(position, pointer);
      if (!this.#known.has(id)) asked += 1;
      const range = this.#known.has(id) ? this.#known.get(id) : await this.#prove(position, above, id, value, signal);
      this.#known.set(id, range);
      if (range !== undefined) return range;
    }
    return undefined;
  }

  async #prove(position: number, path: FieldPath, id: string, value: JsonValue, signal: AbortSignal): Promise<FileRange | undefined> {
    for (const steps of scalarsBelow(value, MAX_LEAVES)) {
      const leaf = `${id}${steps.map((step) => `/${pointerToken(step)}`).join('')}`;
      // What sets it may stand among values that are built otherwise; then the template's own line.
      for (const ask of [this.#prover.find.bind(this.#prover), this.#prover.expressionOf.bind(this.#prover)]) {
        const index = (await ask(leaf, signal)).at(-1);
        const place = index === undefined ? undefined : this.#above(this.#inputs.candidates[index], steps);
        if (place !== undefined && (await this.#arrives(place, position, path, signal))) return place.range;
      }
    }
    for (const place of this.#underKey(position, path, isJsonArray(value)).slice(0, MAX_KEYS)) {
      if (await this.#arrives(place, position, path, signal)) return place.range;
    }
    return undefined;
  }

  #above(candidate: Candidate | undefined, steps: readonly (string | number)[]): OpenPlace | undefined {
    const text = this.#inputs.texts.get(candidate?.file ?? '');
    if (candidate === undefined || text === undefined || candidate.scalar?.inner !== undefined) return undefined;
    const { file, range } = candidate;
    return openPlaceAbove(file, text, { line: range.startLine, column: range.startColumn }, steps);
  }

  /** What stands under the same key, in values and in the object's template: it may be empty, or put there by a helper. */
  #underKey(position: number, path: FieldPath, isList: boolean): readonly OpenPlace[] {
    const last = path.at(-1);
    const own = this.#render.objects[position]?.file;
    if (last === undefined || !('field' in last)) return [];
    const values = new Set(this.#inputs.candidates.flatMap(({ file, role }) => (role === 'values' ? [file] : [])));
    return [...values, ...(own === undefined || values.has(own) ? [] : [own])].flatMap((file) =>
      openPlacesOf(file, this.#inputs.texts.get(file) ?? '', last.field, isList),
    );
  }

  /** Whether what is added to a place arrives in the mapping or list at a path. */
  async #arrives({ range, marked }: OpenPlace, position: number, path: FieldPath, signal: AbortSignal): Promise<boolean> {
    const result = await this.#probe({ [range.file]: marked }, signal);
    if (!isComplete(result as RenderResult) || result.objects.length !== this.#render.objects.length) return false;
    const value = valueAtPath(result.objects[position]?.object, path);
    return isJsonArray(value) ? value.includes(ADDED) : isJsonObject(value) && value[ADDED] === ADDED;
  }
}
