import type { FileRange } from '../model/application.ts';
import { type FieldPath, toJsonPointer } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import type { FieldProvenance } from '../model/provenance.ts';
import type { RenderedObject, RenderResult, SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Candidate } from './candidates.ts';
import { type RenderInputs, inputsOf, type SpecInput } from './inputs.ts';
import { leafId } from './markers.ts';
import { ParentLines } from './parentLines.ts';
import { MAX_SINGLE, type Probe, Prover } from './prover.ts';

/** A render whose lines are asked for. */
export interface RenderSource {
  readonly spec: SourceSpec;
  readonly tree: SourceTree;
  readonly render: RenderResult;
  /** parameters of the render that stand in a file of their own */
  readonly said?: SpecInput | undefined;
}

/** A field of one object of a render. */
export interface FieldQuestion {
  readonly object: RenderedObject;
  readonly path: FieldPath;
  /** the value that differs: of several pieces the one that it changes is meant */
  readonly live?: JsonValue;
}

/** What is known of one render. */
export interface Answers {
  readonly inputs: RenderInputs;
  readonly prover: Prover;
  readonly parents: ParentLines;
}

const MAX_RENDERS = 12;
/** leaves of a list or mapping that are asked for, one after the other, until the line of one is known */
const MAX_BELOW = 4;
/** pictures and the like set no field by a line of theirs */
const mayHaveSaid = /\.(ya?ml|json|tgz)$/;

/** The lines that set the fields of renders, proved by changing them; kept by render key. */
export class SourceLines {
  readonly #probeOf: (source: RenderSource) => Probe;
  readonly #answers = new Map<string, Promise<Answers>>();

  /** @param probeOf renders a source with other texts; its results are not kept */
  constructor(probeOf: (source: RenderSource) => Probe) {
    this.#probeOf = probeOf;
  }

  /**
   * The lines of some fields. A few are asked for by themselves; many at once ask about all fields of the render, which takes a second or,
   * of a large one, many; later ones are known.
   * @returns per question; undefined where not even the file is known
   */
  async locate(
    source: RenderSource,
    questions: readonly FieldQuestion[],
    signal: AbortSignal,
  ): Promise<readonly (FieldProvenance | undefined)[]> {
    const { inputs, prover } = await this.#known(source);
    if (questions.length > MAX_SINGLE) await prover.prepare(signal);
    const located: (FieldProvenance | undefined)[] = [];
    for (const question of questions) located.push(await this.#locateOne(source, question, inputs, prover, signal));
    return located;
  }

  /**
   * The line of the nearest mapping or list, on the way to a field that the render does not have, in which the field would arrive when it
   * stood below that line.
   * @returns undefined where none is proved
   */
  async parentLine(source: RenderSource, object: RenderedObject, path: FieldPath, signal: AbortSignal): Promise<FileRange | undefined> {
    return (await this.#known(source)).parents.find(object, path, signal);
  }

  /** All that can be known of a render: its inputs, and which of them set its leaves. */
  async answers(source: RenderSource, signal: AbortSignal): Promise<Answers> {
    const answers = await this.#known(source);
    await answers.prover.run(signal);
    return answers;
  }

  /** What is known of a render so far. */
  #known(source: RenderSource): Promise<Answers> {
    const key = source.said === undefined ? source.render.key : `${source.render.key}\n${source.said.text}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const found = this.#read(source);
    this.#answers.set(key, found);
    // What could not be read is read again.
    found.catch(() => this.#answers.delete(key));
    const oldest = this.#answers.size > MAX_RENDERS ? this.#answers.keys().next().value : undefined;
    if (oldest !== undefined) this.#answers.delete(oldest);
    return found;
  }

  async #read(source: RenderSource): Promise<Answers> {
    const inputs = await inputsOf(source.spec, source.tree, source.render, source.said);
    const probe = this.#probeOf(source);
    const prover = new Prover(inputs, source.render, probe);
    return { inputs, prover, parents: new ParentLines(source.render, inputs, prover, probe) };
  }

  async #locateOne(
    { spec, render }: RenderSource,
    { object, path, live }: FieldQuestion,
    { candidates, off }: RenderInputs,
    prover: Prover,
    signal: AbortSignal,
  ): Promise<FieldProvenance | undefined> {
    const pointer = toJsonPointer(object.object, path);
    const position = render.objects.indexOf(object);
    if (pointer !== undefined && position >= 0) {
      const id = await this.#leafBelow(prover, leafId(position, pointer), signal);
      const parts = id === undefined ? [] : (await prover.confirm(id, signal)).flatMap((index) => candidates[index] ?? []);
      const meant = partOf(parts, id === undefined ? undefined : prover.leaves.get(id), live);
      if (meant !== undefined) {
        const chain = parts.map(({ range, role }) => ({ range, role }));
        const reason = meant.scalar?.inner === undefined ? {} : { reason: { code: 'lines-in-scalar', details: { file: meant.file } } };
        return { path, range: meant.range, certainty: 'proved', chain, ...reason };
      }
    }
    if (object.file === undefined) return undefined;
    // The file that declares the object, else any that may set the field.
    const reason = off.get(object.file) ?? [...off].find(([file]) => mayHaveSaid.test(file))?.[1];
    const range: FileRange = { file: object.file, startLine: object.line ?? 0, startColumn: 0, endLine: object.line ?? 0, endColumn: 1 };
    return {
      path,
      range,
      certainty: spec.type === 'helm' ? 'template only' : 'object',
      chain: [],
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** The leaf itself, or the first proved one of a list or mapping. */
  async #leafBelow(prover: Prover, id: string, signal: AbortSignal): Promise<string | undefined> {
    const leaves = prover.leaves.has(id) ? [id] : [...prover.leaves.keys()].filter((leaf) => leaf.startsWith(`${id}/`));
    for (const leaf of leaves.slice(0, MAX_BELOW)) if ((await prover.find(leaf, signal)).length > 0) return leaf;
    return leaves.find((leaf) => prover.proved.has(leaf));
  }
}

/** Of several pieces of a value the one that a live value changes: that after which both go on alike; else the last. */
function partOf(parts: readonly Candidate[], value: unknown, live: JsonValue | undefined): Candidate | undefined {
  if (parts.length < 2) return parts.at(-1);
  // A reference to a variable is not what sets it.
  const own = parts.filter((part) => !part.value.includes('${'));
  if (own.length > 0 && own.length < parts.length) return partOf(own, value, live);
  if (typeof value !== 'string' || typeof live !== 'string') return parts.at(-1);
  let from = 0;
  for (const part of parts) {
    const said = part.whole ?? part.value;
    const at = value.indexOf(said, from);
    if (at < 0) continue;
    from = at + said.length;
    if (!live.startsWith(value.slice(0, from))) return part;
  }
  return parts.at(-1);
}
