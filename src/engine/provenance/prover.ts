import { type RenderResult, isComplete } from '../model/render.ts';
import type { Candidate } from './candidates.ts';
import type { RenderInputs } from './inputs.ts';
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

/**
 * Finds which pieces of the inputs set the leaves of a render, by changing them and rendering again: many with a marker each at a time,
 * then alone what is left. A leaf is proved by two different markers that both arrive in it, and nothing else with them.
 */
export class Prover {
  readonly #inputs: RenderInputs;
  readonly #probe: Probe;
  readonly #before: ReadonlyMap<string, Leaf>;
  readonly #objectCount: number;
  /** how often each candidate arrived in a leaf, each time with another marker; in the order in which they stand in it */
  readonly #seen = new Map<string, Map<number, number>>();
  readonly #proved = new Map<string, Parts>();
  readonly #tried = new Set<number>();
  readonly #confirmed = new Set<string>();
  #round = 0;
  #timeouts = 0;
  #probes = 0;

  constructor(inputs: RenderInputs, render: Pick<RenderResult, 'objects'>, probe: Probe) {
    this.#inputs = inputs;
    this.#probe = probe;
    this.#before = leavesOf(render.objects);
    this.#objectCount = render.objects.length;
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
    const { candidates } = this.#inputs;
    const isSafe = ({ isRisky, kind, isExpression }: Candidate): boolean => !isRisky && kind !== 'boolean' && isExpression !== true;
    const safe = candidates.flatMap((candidate, index) => (isSafe(candidate) ? [index] : []));
    await this.#together(safe, signal);
    // What arrives nowhere may be a condition: without it the branches are those of the render that is asked about.
    const arrived = [...new Set([...this.#seen.values()].flatMap((parts) => [...parts.keys()]))];
    for (const half of halves(arrived)) await this.#together(half, signal);
    await this.#together(arrived, signal);
    // Keys of list items seldom break anything; what they do is still seen by two markers.
    const listKeys = candidates.flatMap(({ isRisky, isIdentity, kind, role }, index) =>
      isRisky && isIdentity !== true && kind !== 'boolean' && (role === 'manifest' || role === 'patch') ? [index] : [],
    );
    for (let time = 0; time < 2; time += 1) for (const half of halves(listKeys)) await this.#together(half, signal);
    for (const [id, value] of this.#before) {
      if (!this.#proved.has(id) && !NAMES_TYPE.test(id)) await this.#alone(id, value, signal);
    }
    await this.#expressions(signal);
  }

  /** The lines of templates whose output is a leaf that no input is known for. */
  async #expressions(signal: AbortSignal): Promise<void> {
    const known = new Map(this.#proved);
    const indexes = this.#inputs.candidates.flatMap(({ isExpression }, index) => (isExpression === true ? [index] : []));
    await this.#together(indexes, signal);
    const arrived = [...new Set([...this.#seen].flatMap(([id, parts]) => (known.has(id) ? [] : [...parts.keys()])))];
    for (const half of halves(arrived.filter((index) => indexes.includes(index)))) await this.#together(half, signal);
    for (const [id, parts] of known) this.#proved.set(id, parts);
    // What is computed from others, as a checksum, is as it was only while they are.
    for (const id of this.#before.keys()) {
      if (this.#proved.has(id)) continue;
      const key = keyOf(id);
      for (const index of indexes.filter((each) => this.#inputs.candidates[each]?.key === key).slice(0, MAX_TRIES)) {
        if (!this.#proved.has(id) && this.#probes < MAX_PROBES) await this.#tryAlone(index, signal);
      }
    }
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

  async #alone(id: string, value: Leaf, signal: AbortSignal): Promise<void> {
    const text = String(value);
    const key = keyOf(id);
    const decoded = typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
    // What sets another leaf would have been seen in this one, too.
    const placed = new Set([...this.#proved.values()].flat());
    const scored = this.#inputs.candidates
      .map((candidate, index) => ({ index, score: likeness(candidate, text, decoded, key) }))
      .filter(({ index, score }) => score > 0 && !this.#tried.has(index) && !placed.has(index))
      .sort((left, right) => right.score - left.score);
    for (const { index } of scored.slice(0, MAX_TRIES)) {
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
  async #together(indexes: Parts, signal: AbortSignal): Promise<void> {
    if (indexes.length === 0 || this.#probes >= MAX_PROBES) return;
    const found = await this.#render(indexes, signal);
    if (found === undefined) {
      if (indexes.length === 1) return;
      for (const half of halves(indexes)) await this.#together(half, signal);
      return;
    }
    for (const [id, parts] of found) {
      const before = this.#seen.get(id) ?? new Map<number, number>();
      // A render with more of the pieces tells their order.
      const order = parts.length >= before.size ? [...parts, ...before.keys()] : [...before.keys(), ...parts];
      const counted = new Map(order.map((index) => [index, (before.get(index) ?? 0) + (parts.includes(index) ? 1 : 0)]));
      this.#seen.set(id, counted);
      const twice = [...counted].flatMap(([index, count]) => (count > 1 ? [index] : []));
      if (twice.length > 0) this.#proved.set(id, twice);
    }
  }

  /** The candidates that arrived, by leaf; undefined when the render fails or has other objects. */
  async #render(indexes: Parts, signal: AbortSignal): Promise<ReadonlyMap<string, Parts> | undefined> {
    this.#probes += 1;
    this.#round += 1;
    const markers = new MarkerSet(this.#inputs.candidates, this.#round);
    const result = await this.#probe(markers.mark(this.#inputs.texts, indexes), signal);
    if (result.errors.some(({ code }) => code === 'render-timeout')) this.#timeouts += 1;
    if (!isComplete(result as RenderResult) || result.objects.length !== this.#objectCount) return undefined;
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
  return id
    .slice(id.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
}

/** How likely a candidate is the source of a leaf; 0: not at all. */
function likeness({ value, key, kind }: Candidate, text: string, decoded: string, leafKey: string): number {
  if (value === '') return 0;
  if (kind === 'boolean') return value === text ? (key === leafKey ? 8 : 3) : 0;
  if (value === text || value === decoded) return key === leafKey ? 9 : 5;
  const isPart = value.length > 1 && (text.includes(value) || decoded.includes(value));
  // `KEY=value`, as the literals of generators have it
  const isLiteral = value.endsWith(`=${text}`) || value.endsWith(`=${decoded}`);
  return isLiteral ? 7 : isPart ? (key === leafKey ? 4 : 2) : 0;
}

function halves(indexes: Parts): readonly Parts[] {
  if (indexes.length < 2) return [indexes];
  const middle = Math.ceil(indexes.length / 2);
  return [indexes.slice(0, middle), indexes.slice(middle)];
}
