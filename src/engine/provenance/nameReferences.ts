import { type Candidate, placeIn, rangeOfScalar, scalarsOf } from './candidates.ts';

/** A place that refers to an object by its name. */
interface Reference {
  /** where a marker goes so that it stands behind the name */
  readonly place: Candidate;
  /** undefined: of any kind */
  readonly kinds: readonly string[] | undefined;
}

/** prefixes, and suffixes, that are put together: each further kustomization may double them */
const MAX_AFFIXES = 16;
/** What `replicas` sizes (kustomize api/internal/builtins/ReplicaCountTransformer, default field specs). */
const SIZED: readonly string[] = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'];
/** The kinds of what a list of a kustomization names. */
const KINDS_OF_LIST: Readonly<Record<string, readonly string[]>> = {
  replicas: SIZED,
  configMapGenerator: ['ConfigMap'],
  secretGenerator: ['Secret'],
};

/**
 * The candidates of a kustomize source, those that name an object with the places that refer to it: patches, their targets, replicas,
 * replacements, vars, and generators that merge. They have to say the same, or nothing is rendered.
 * @param kustomizations texts of kustomizations and of files with replacements, by file
 * @param patchFiles files of patches
 */
export function withReferences(
  candidates: readonly Candidate[],
  kustomizations: ReadonlyMap<string, string>,
  patchFiles: ReadonlySet<string>,
): readonly Candidate[] {
  const isPatch = ({ role, file }: Candidate): boolean => role === 'patch' || patchFiles.has(file);
  const isName = ({ isIdentity, key, kind }: Candidate): boolean => isIdentity === true && key === 'name' && kind === 'text';
  const kinds = Map.groupBy(
    candidates.filter(({ isIdentity, key }) => isIdentity === true && key === 'kind'),
    ({ file }) => file,
  );
  const references: Reference[] = [
    ...candidates.filter((each) => isName(each) && isPatch(each)).map((place) => ({ place, kinds: listed(kindBeside(place, kinds)) })),
    ...[...kustomizations].flatMap(([file, text]) => referencesIn(file, text)),
  ];
  if (references.length === 0) return candidates;
  const byName = namesMeant(references, kustomizations);
  return candidates.map((candidate) => {
    const isGenerator = candidate.role === 'kustomization' && candidate.key === 'name';
    if (!isGenerator && (!isName(candidate) || isPatch(candidate))) return candidate;
    const meant = byName.get(candidate.value) ?? [];
    const kind = isGenerator || meant.length === 0 ? undefined : kindBeside(candidate, kinds);
    const together = meant.flatMap((each): readonly Candidate[] => {
      const isOfKind = kind === undefined || each.kinds?.includes(kind) !== false;
      return isOfKind && !isSamePlace(each.place, candidate) ? [each.place] : [];
    });
    return together.length === 0 ? candidate : { ...candidate, together };
  });
}

function isSamePlace(left: Candidate, right: Candidate): boolean {
  return left.file === right.file && left.start === right.start;
}

/** The references by the names that they may mean: what they say, also without the prefixes and suffixes of the kustomizations. */
function namesMeant(
  references: readonly Reference[],
  kustomizations: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly Reference[]> {
  const found = new Map<string, Reference[]>();
  const { prefixes, suffixes } = affixesIn(kustomizations);
  for (const { place, kinds } of references) {
    for (const prefix of place.kind === 'text' ? prefixes : []) {
      for (const suffix of suffixes) {
        const { value, start } = place;
        if (!value.startsWith(prefix) || !value.endsWith(suffix)) continue;
        const name = value.slice(prefix.length, value.length - suffix.length);
        const end = start - suffix.length;
        found.set(name, [...(found.get(name) ?? []), { kinds, place: { ...place, start: end, end } }]);
      }
    }
  }
  return found;
}

/** Prefixes and suffixes of names, as they add up from one kustomization to the next. */
function affixesIn(kustomizations: ReadonlyMap<string, string>): {
  readonly prefixes: ReadonlySet<string>;
  readonly suffixes: ReadonlySet<string>;
} {
  const [prefixes, suffixes] = [new Set(['']), new Set([''])];
  for (const text of kustomizations.values()) {
    for (const { path, node } of /^["']?name(Prefix|Suffix)/m.test(text) ? scalarsOf(text).scalars : []) {
      if (path.length !== 1 || typeof node.value !== 'string' || node.value === '') continue;
      if (path[0] === 'namePrefix') for (const inner of [...prefixes].slice(0, MAX_AFFIXES)) prefixes.add(node.value + inner);
      if (path[0] === 'nameSuffix') for (const inner of [...suffixes].slice(0, MAX_AFFIXES)) suffixes.add(inner + node.value);
    }
  }
  return { prefixes, suffixes };
}

function referencesIn(file: string, text: string): readonly Reference[] {
  const { scalars, lines } = scalarsOf(text);
  const kinds = new Map(
    scalars.filter(({ path }) => path.at(-1) === 'kind').map(({ path, document, node }) => [aboveOf(path, document), node.value]),
  );
  return scalars.flatMap((scalar): readonly Reference[] => {
    const place = refersByName(scalar.path) ? placeIn(text, scalar.node) : undefined;
    if (place === undefined) return [];
    const kind = kinds.get(aboveOf(scalar.path, scalar.document));
    const range = rangeOfScalar(file, text, lines, scalar);
    return [
      {
        place: { file, role: 'kustomization', key: 'name', isRisky: true, ...place, range },
        kinds: KINDS_OF_LIST[String(scalar.path[0])] ?? listed(typeof kind === 'string' ? kind : undefined),
      },
    ];
  });
}

function listed(kind: string | undefined): readonly string[] | undefined {
  return kind === undefined ? undefined : [kind];
}

function aboveOf(path: readonly (string | number)[], document: number): string {
  return JSON.stringify([document, ...path.slice(0, -1)]);
}

/** Whether a path of a kustomization, or of a file of replacements, leads to the name of an object. */
function refersByName(path: readonly (string | number)[]): boolean {
  if (path.at(-1) !== 'name') return false;
  switch (path[0]) {
    case 'replicas':
    case 'configMapGenerator':
    case 'secretGenerator':
      return path.length === 3;
    default:
      return ['target', 'objref', 'source', 'select'].includes(String(path.at(-2)));
  }
}

/** The kind that stands nearest to a name in the same text. */
function kindBeside(name: Candidate, kinds: ReadonlyMap<string, readonly Candidate[]>): string | undefined {
  let nearest: Candidate | undefined;
  for (const each of kinds.get(name.file) ?? []) {
    if (each.scalar?.start !== name.scalar?.start) continue;
    if (nearest === undefined || Math.abs(each.start - name.start) < Math.abs(nearest.start - name.start)) nearest = each;
  }
  return nearest?.value;
}
