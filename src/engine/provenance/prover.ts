import { Limiter } from '../../base/async.ts';
import { keyOfToken } from '../model/jsonPointer.ts';
import { type RenderResult, isComplete } from '../model/render.ts';
import type { Candidate } from './candidates.ts';
import type { RenderInputs } from './inputs.ts';
import { likeness, linesAway, type Origin, originsOf } from './likeness.ts';
import { type Leaf, leavesOf, MarkerSet } from './markers.ts';

/** Renders the source with other texts for some files; nothing of it is kept. */
export type Probe = (changed: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Pick<RenderResult, 'objects' | 'errors'>>;

/** The candidates that make a leaf, in the order in which they stand in it. */
export type Parts = readonly number[];

/** Renders that one source may cost at most. */
const MAX_PROBES = 600;
/** What kind of object it is never differs: such an object is another one. */
const NAMES_TYPE = /^\d+\/(kind|apiVersion)$/;
/** candidates tried alone for one leaf */
const MAX_TRIES = 10;
/** lines of a template with the same key that are tried alone */
const MAX_ALIKE = 4;
/** leaves that are asked about by themselves; for more, all at a time costs less */
export const MAX_SINGLE = 4;
/** {@link likeness} of a piece that is the whole value under the same key */
const SURE_LIKENESS = 8;
/** such pieces that are tried before all are marked */
const MAX_SURE = 4;
/** parts of a value that are marked together before all are */
const MAX_PIECES = 60;

/** What renders showed of leaves. */
interface Findings {
  /** how often each candidate arrived in a leaf, each time with another marker; in the order in which they stand in it */
  readonly seen: Map<string, Map<number, number>>;
  readonly proved: Map<string, Parts>;
}

/**
 * Finds which pieces of the inputs set the leaves of a render, by changing them and rendering again: many with a marker each at a time,
 * then alone what is left. A leaf is proved by two different markers that both arrive in it, and nothing else with them.
 */
export class Prover {
  readonly #inputs: RenderInputs;
  readonly #probe: Probe;
  readonly #before: ReadonlyMap<string, Leaf>;
  /** where the objects stand */
  readonly #origins: readonly Origin[];
  readonly #found: Findings = { seen: new Map(), proved: new Map() };
  readonly #proved = this.#found.proved;
  /** one leaf at a time: what was tried for one is known for the next */
  readonly #turn = new Limiter(1);
  readonly #tried = new Set<number>();
  readonly #asked = new Set<string>();
  /** lines of templates by the leaves that they give; asked for when no input is known for one */
  #expressed: ReadonlyMap<string, Parts> | undefined;
  #isPrepared = false;
  readonly #confirmed = new Set<string>();
  #round = 0;
  #timeouts = 0;
  #probes = 0;

  constructor(inputs: RenderInputs, render: Pick<RenderResult, 'objects'>, probe: Probe) {
    this.#inputs = inputs;
    this.#probe = probe;
    this.#before = leavesOf(render.objects);
    this.#origins = originsOf(render.objects, inputs.candidates);
  }

  /** Leaves of the render that is asked about. */
  get leaves(): ReadonlyMap<string, Leaf> {
    return this.#before;
  }

  /** What is proved so far, by leaf. */
  get proved(): ReadonlyMap<string, Parts> {
    return this.#proved;
  }

  /** Renders made so far. */
  get probes(): number {
    return this.#probes;
  }

  /** Asks about every leaf. */
  async run(signal: AbortSignal): Promise<void> {
    await this.prepare(signal);
    const isOpen = (id: string): boolean => !this.#proved.has(id) && !NAMES_TYPE.test(id);
    for (const [id, value] of this.#before) if (isOpen(id)) await this.#inTurn(() => this.#alone(id, value, signal), signal);
    for (const id of this.#before.keys()) if (isOpen(id)) await this.#inTurn(() => this.#express(id, signal), signal);
  }

  /** Marks all that breaks nothing at a time, which tells of nearly every leaf; once. */
  prepare(signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#prepare(signal), signal);
  }

  /**
   * Asks about one leaf. Of the first few only those pieces are tried that say just the leaf: most answers cost two renders then, and not
   * those that tell of all leaves.
   * @returns the pieces that make it; none: not known
   */
  find(id: string, signal: AbortSignal): Promise<Parts> {
    return this.#inTurn(async () => {
      const value = this.#before.get(id);
      const isOpen = (): boolean => value !== undefined && !this.#proved.has(id) && !NAMES_TYPE.test(id) && !this.#asked.has(id);
      if (value !== undefined && isOpen() && !this.#isPrepared && this.#asked.size < MAX_SINGLE) await this.#sure(id, value, signal);
      if (isOpen()) await this.#prepare(signal);
      if (value !== undefined && isOpen()) await this.#alone(id, value, signal);
      if (isOpen()) await this.#express(id, signal);
      this.#asked.add(id);
      return this.#proved.get(id) ?? [];
    }, signal);
  }

  /**
   * The line of the object's template whose output a leaf is, whatever sets its value.
   * @returns at most one piece
   */
  expressionOf(id: string, signal: AbortSignal): Promise<Parts> {
    return this.#inTurn(async () => {
      const key = keyOf(id);
      const file = this.#origins[parseInt(id, 10)]?.file;
      const alike = this.#inputs.candidates.flatMap((each, index) =>
        each.isExpression === true && each.key === key && each.file === file ? [index] : [],
      );
      // All at once tells which; where that breaks the render, one by one.
      const together = alike.length > 1 ? await this.#render(alike, signal) : undefined;
      const likely = together?.get(id) ?? alike.slice(0, MAX_ALIKE);
      for (const index of likely)
        if ((await this.#follows(id, [index], signal)) && (await this.#follows(id, [index], signal))) return [index];
      return [];
    }, signal);
  }

  /** One at a time: what is tried for one leaf tells of others. */
  #inTurn<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#turn.run(task, { signal });
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    if (this.#isPrepared) return;
    const { candidates } = this.#inputs;
    const isSafe = ({ isRisky, kind, isExpression }: Candidate): boolean => !isRisky && kind !== 'boolean' && isExpression !== true;
    const safe = candidates.flatMap((candidate, index) => (isSafe(candidate) ? [index] : []));
    // Where nothing is said, templates take another value, which hides that one's source.
    const isSaid = (index: number): boolean => candidates[index]?.value !== '';
    const said = safe.filter(isSaid);
    await this.#together(said, this.#found, signal);
    // What arrives nowhere may be a condition: without it the branches are those of the render that is asked about.
    const arrived = [...new Set([...this.#found.seen.values()].flatMap((parts) => [...parts.keys()]))];
    for (const half of halves(arrived)) await this.#together(half, this.#found, signal);
    await this.#together(arrived, this.#found, signal);
    // Keys of list items seldom break anything; what they do is still seen by two markers.
    const listKeys = candidates.flatMap(({ isRisky, isIdentity, kind, role }, index) =>
      isRisky && isIdentity !== true && kind !== 'boolean' && (role === 'manifest' || role === 'patch') ? [index] : [],
    );
    for (let time = 0; time < 2; time += 1) for (const half of halves(listKeys)) await this.#together(half, this.#found, signal);
    const unsaid = safe.filter((index) => !isSaid(index));
    for (let time = 0; time < 2; time += 1) await this.#together(unsaid, this.#found, signal);
    this.#isPrepared = true;
    // More pieces of the same leaves may be known now.
    this.#confirmed.clear();
  }

  /** Tries what is the whole value, under the same key, then what makes the whole of it together: nothing else does, then. */
  async #sure(id: string, value: Leaf, signal: AbortSignal): Promise<void> {
    for (const index of this.#alike(id, value, SURE_LIKENESS)) {
      const isBoolean = this.#inputs.candidates[index]?.kind === 'boolean';
      if (!(await this.#follows(id, [index], signal)) || (!isBoolean && !(await this.#follows(id, [index], signal)))) continue;
      this.#prove(id, [index]);
      return;
    }
    // Of a value that several pieces make, all that look like parts of it.
    const { candidates } = this.#inputs;
    const pieces = this.#alike(id, value, 1).filter(
      (index) => candidates[index]?.kind !== 'boolean' && candidates[index]?.isRisky === false,
    );
    if (pieces.length < 2) return;
    const parts = (await this.#render(pieces.slice(0, MAX_PIECES), signal))?.get(id) ?? [];
    const rest = parts.reduce((text, index) => text.replace(candidates[index]?.whole ?? candidates[index]?.value ?? '', ''), String(value));
    if (parts.length > 1 && !/[a-z\d]/i.test(rest) && (await this.#follows(id, parts, signal))) this.#prove(id, parts);
  }

  /** Takes what two different markers each showed alone. */
  #prove(id: string, parts: Parts): void {
    this.#proved.set(id, parts);
    this.#confirmed.add(id);
  }

  async #express(id: string, signal: AbortSignal): Promise<void> {
    this.#expressed ??= await this.#expressions(signal);
    const parts = this.#expressed.get(id);
    if (parts !== undefined) this.#proved.set(id, parts);
    if (parts !== undefined) return;
    // What is computed from others, as a checksum, is as it was only while they are.
    const key = keyOf(id);
    const alike = this.#inputs.candidates.flatMap((each, index) => (each.isExpression === true && each.key === key ? [index] : []));
    for (const index of alike.filter((each) => !this.#tried.has(each)).slice(0, MAX_TRIES)) {
      if (!this.#proved.has(id) && this.#probes < MAX_PROBES) await this.#tryAlone(index, signal);
    }
  }

  /** The lines of templates whose output is a leaf. */
  async #expressions(signal: AbortSignal): Promise<ReadonlyMap<string, Parts>> {
    const found: Findings = { seen: new Map(), proved: new Map() };
    const indexes = this.#inputs.candidates.flatMap(({ isExpression }, index) => (isExpression === true ? [index] : []));
    await this.#together(indexes, found, signal);
    const arrived = [...new Set([...found.seen].flatMap(([id, parts]) => (this.#proved.has(id) ? [] : [...parts.keys()])))];
    for (const half of halves(arrived)) await this.#together(half, found, signal);
    return found.proved;
  }

  /**
   * Whether one leaf follows its pieces when only they are changed. Two other markers of each have arrived in it before, among those of
   * other pieces: one render is enough, and none where they were alone already.
   * @returns the pieces that do
   */
  async confirm(id: string, signal: AbortSignal): Promise<Parts> {
    const parts = this.#proved.get(id) ?? [];
    if (this.#confirmed.has(id)) return parts;
    const confirmed: number[] = [];
    const before = this.#timeouts;
    // All at once is enough when each of them arrives.
    if (parts.length > 1 && (await this.#follows(id, parts, signal))) confirmed.push(...parts);
    else for (const index of parts) if (await this.#follows(id, [index], signal)) confirmed.push(index);
    // A render that took too long, on a busy machine, tells nothing.
    if (this.#timeouts > before) return parts;
    if (confirmed.length !== parts.length) this.#proved.set(id, confirmed);
    this.#confirmed.add(id);
    return confirmed;
  }

  async #follows(id: string, parts: Parts, signal: AbortSignal): Promise<boolean> {
    if (parts.length > 1 && parts.some((index) => this.#inputs.candidates[index]?.kind === 'boolean')) return false;
    const arrived = (await this.#render(parts, signal))?.get(id);
    return arrived !== undefined && parts.every((index) => arrived.includes(index));
  }

  /** The candidates that look like a leaf, the likeliest first. */
  #alike(id: string, value: Leaf, least: number): Parts {
    const text = String(value);
    const key = keyOf(id);
    const decoded = typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
    const origin = this.#origins[parseInt(id, 10)];
    return this.#inputs.candidates
      .map((candidate, index) => ({ index, score: likeness(candidate, text, decoded, key), away: linesAway(candidate, origin) }))
      .filter(({ score }) => score >= least)
      .sort((left, right) => right.score - left.score || left.away - right.away)
      .slice(0, least === 1 ? undefined : MAX_SURE)
      .map(({ index }) => index);
  }

  async #alone(id: string, value: Leaf, signal: AbortSignal): Promise<void> {
    // What sets another leaf would have been seen in this one, too.
    const placed = new Set([...this.#proved.values()].flat());
    const untried = this.#alike(id, value, 1).filter((index) => !this.#tried.has(index) && !placed.has(index));
    for (const index of untried.slice(0, MAX_TRIES)) {
      if (this.#probes >= MAX_PROBES) return;
      await this.#tryAlone(index, signal);
      if (this.#proved.has(id)) return;
    }
  }

  /** Changes one piece by itself, with two markers: the leaves in which both arrive are proved. */
  async #tryAlone(index: number, signal: AbortSignal): Promise<void> {
    this.#tried.add(index);
    const isBoolean = this.#inputs.candidates[index]?.kind === 'boolean';
    const found = await this.#render([index], signal);
    if (found === undefined || found.size === 0) return;
    const again = isBoolean ? found : await this.#render([index], signal);
    for (const [leaf, parts] of found) {
      if (again?.get(leaf)?.includes(index) !== true || this.#proved.has(leaf)) continue;
      this.#proved.set(leaf, parts);
      this.#confirmed.add(leaf);
    }
  }

  /** Marks many at a time; those that break the render are parted from the others by halves. */
  async #together(indexes: Parts, { seen, proved }: Findings, signal: AbortSignal): Promise<void> {
    if (indexes.length === 0 || this.#probes >= MAX_PROBES) return;
    const found = await this.#render(indexes, signal);
    if (found === undefined) {
      if (indexes.length === 1) return;
      for (const half of halves(indexes)) await this.#together(half, { seen, proved }, signal);
      return;
    }
    for (const [id, parts] of found) {
      const before = seen.get(id) ?? new Map<number, number>();
      // A render with more of the pieces tells their order.
      const order = parts.length >= before.size ? [...parts, ...before.keys()] : [...before.keys(), ...parts];
      const counted = new Map(order.map((index) => [index, (before.get(index) ?? 0) + (parts.includes(index) ? 1 : 0)]));
      seen.set(id, counted);
      const twice = [...counted].flatMap(([index, count]) => (count > 1 ? [index] : []));
      if (twice.length > 0) proved.set(id, twice);
    }
  }

  /** The candidates that arrived, by leaf; undefined when the render fails or has other objects. */
  async #render(indexes: Parts, signal: AbortSignal): Promise<ReadonlyMap<string, Parts> | undefined> {
    this.#probes += 1;
    this.#round += 1;
    const markers = new MarkerSet(this.#inputs.candidates, this.#round);
    const result = await this.#probe(markers.mark(this.#inputs.texts, indexes), signal);
    if (result.errors.some(({ code }) => code === 'render-timeout')) this.#timeouts += 1;
    if (!isComplete(result as RenderResult) || result.objects.length !== this.#origins.length) return undefined;
    const found = new Map<string, Parts>();
    const [only] = indexes;
    const isFlip = only !== undefined && indexes.length === 1 && this.#inputs.candidates[only]?.kind === 'boolean';
    for (const [id, value] of leavesOf(result.objects)) {
      const before = this.#before.get(id);
      if (before === value) continue;
      const parts = isFlip ? flipped(before, value, this.#inputs.candidates[only]?.value) && [only] : markers.found(before, value);
      if (parts !== false && parts.length > 0) found.set(id, parts);
    }
    return found;
  }
}

function flipped(before: Leaf | undefined, after: Leaf, value: string | undefined): boolean {
  return String(before) === value && String(after) === (value === 'true' ? 'false' : 'true');
}

/** The last key of a leaf. */
function keyOf(id: string): string {
  return keyOfToken(id.slice(id.lastIndexOf('/') + 1));
}

function halves(indexes: Parts): readonly Parts[] {
  if (indexes.length < 2) return [indexes];
  const middle = Math.ceil(indexes.length / 2);
  return [indexes.slice(0, middle), indexes.slice(middle)];
}
