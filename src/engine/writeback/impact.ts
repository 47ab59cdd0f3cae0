import type { JsonValue } from '../model/json.ts';
import { displayName, keyOf, keyString, type KubeObject } from '../model/objects.ts';
import { isComplete, type RenderedObject, type RenderResult } from '../model/render.ts';
import type { AffectedObject } from '../model/writeback.ts';
import { type Leaf, leavesOf } from '../provenance/markers.ts';

/** What an edit changes in one render. */
export interface Impact {
  readonly affected: readonly AffectedObject[];
  /** it cannot be rendered with the edit any more, or objects went */
  readonly isBroken: boolean;
  /** everything that was meant did come out so */
  readonly isReached: boolean;
}

/** What is meant to come out of an edit. */
export interface Intention {
  /** objects as they are to be, by their index in the render before */
  readonly objects: ReadonlyMap<number, KubeObject>;
  /** `keyString`s (as rendered) of objects that are to come */
  readonly added: ReadonlySet<string>;
}

type Render = Pick<RenderResult, 'objects' | 'errors'>;

const nothingMeant: Intention = { objects: new Map(), added: new Set() };

/**
 * The fields that differ between two renders of one application, and whether they are those that were meant.
 * @param carriers files whose objects carry values into others, as the variables of Flux: what changes in them follows from what was meant
 */
export function impactOf(
  applicationId: string,
  before: Render,
  after: Render,
  intention: Intention = nothingMeant,
  carriers: ReadonlySet<string> = new Set(),
): Impact {
  const pairs = paired(before.objects, after.objects);
  const isBroken = !isComplete(after as RenderResult) || pairs === undefined;
  if (isBroken) return { affected: [], isBroken, isReached: false };
  const affected: AffectedObject[] = [];
  let isReached = true;
  for (const [index, object] of before.objects.entries()) {
    const next = pairs.kept.get(index);
    const meant = intention.objects.get(index);
    const changes = next === undefined ? [] : changesOf(object, next, meant);
    isReached &&= next === undefined || meant === undefined || isThere(object, next, meant);
    const isCarrier = object.file !== undefined && carriers.has(object.file);
    const told = changes.map((change) => (isCarrier && change.kind === 'other' ? { ...change, kind: 'derived' as const } : change));
    affected.push(...grouped(applicationId, displayName(keyOf(object.object)), told));
  }
  for (const { object } of pairs.added) {
    const isIntended = intention.added.has(keyString(keyOf(object)));
    affected.push({ applicationId, object: displayName(keyOf(object)), paths: [''], kind: isIntended ? 'intended' : 'other' });
  }
  const added = new Set(pairs.added.map(({ object }) => keyString(keyOf(object))));
  return { affected, isBroken, isReached: isReached && [...intention.added].every((key) => added.has(key)) };
}

interface Pairs {
  readonly kept: ReadonlyMap<number, RenderedObject>;
  readonly added: readonly RenderedObject[];
}

/** Objects of two renders: by their place when none came or went, else by name; undefined when one is gone. */
function paired(before: readonly RenderedObject[], after: readonly RenderedObject[]): Pairs | undefined {
  if (before.length === after.length) return { kept: new Map([...after.entries()]), added: [] };
  const waiting = new Map(after.map((object) => [keyString(keyOf(object.object)), object]));
  const kept = new Map<number, RenderedObject>();
  for (const [index, { object }] of before.entries()) {
    const id = keyString(keyOf(object));
    const next = waiting.get(id);
    if (next === undefined) return undefined;
    kept.set(index, next);
    waiting.delete(id);
  }
  return { kept, added: [...waiting.values()] };
}

type Change = { readonly pointer: string; readonly kind: AffectedObject['kind'] };

function changesOf(before: RenderedObject, after: RenderedObject, meant: KubeObject | undefined): readonly Change[] {
  const [was, is, wanted] = [leaves(before.object), leaves(after.object), leaves(meant ?? before.object)];
  return [...new Set([...was.keys(), ...is.keys(), ...wanted.keys()])].flatMap((pointer): readonly Change[] => {
    const [from, to, goal] = [was.get(pointer), is.get(pointer), wanted.get(pointer)];
    if (from === to) return [];
    return [{ pointer, kind: to === goal ? 'intended' : isDerived(from, to) ? 'derived' : 'other' }];
  });
}

/** Whether every field that was meant to change has the value that it was to have. */
function isThere(before: RenderedObject, after: RenderedObject, meant: KubeObject): boolean {
  const [was, is, wanted] = [leaves(before.object), leaves(after.object), leaves(meant)];
  return [...new Set([...was.keys(), ...wanted.keys()])].every(
    (pointer) => was.get(pointer) === wanted.get(pointer) || is.get(pointer) === wanted.get(pointer),
  );
}

/** Scalars by JSON pointer. */
function leaves(object: JsonValue): ReadonlyMap<string, Leaf> {
  return new Map([...leavesOf([{ object: object as KubeObject }])].map(([id, value]) => [id.slice(1), value]));
}

function grouped(applicationId: string, object: string, changes: readonly Change[]): readonly AffectedObject[] {
  return (['intended', 'derived', 'other'] as const).flatMap((kind) => {
    const paths = changes.filter((change) => change.kind === kind).map(({ pointer }) => pointer);
    return paths.length === 0 ? [] : [{ applicationId, object, paths, kind }];
  });
}

/** Kustomize's name suffix hash (ten letters or digits after a dash), or a checksum in hexadecimal. */
function isDerived(before: unknown, after: unknown): boolean {
  if (typeof before !== 'string' || typeof after !== 'string') return false;
  const hash = /^[0-9a-f]{32,128}$/;
  if (hash.test(before) && hash.test(after) && before.length === after.length) return true;
  const suffix = /-[a-z0-9]{10}$/;
  return suffix.test(before) && suffix.test(after) && before.slice(0, -10) === after.slice(0, -10);
}
