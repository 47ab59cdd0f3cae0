import type { CodeLens } from 'vscode-languageserver/node';
import type { ObjectLine } from '../engine/editor/objectLines.ts';
import type { FileUse } from '../engine/model/files.ts';
import type { EditEffect } from '../engine/model/edits.ts';
import type { ApplicationRow } from '../engine/model/snapshot.ts';

/** The CodeLens of a file: `synced to prod/shop · 3 h ago at 4f2c1d0 by mara · used by 3 applications`. */
export function codeLensesOf(use: FileUse, nowMs = Date.now()): CodeLens[] {
  const [worst] = use.rows;
  if (worst === undefined) return [];
  const at = revisionWords(worst, nowMs);
  const others = use.rows.length > 1 ? ` · used by ${String(use.rows.length)} applications` : '';
  return [lens(0, `${stateWords(worst)}${at}${others}`, 'plumbline.reveal', { applicationId: worst.id })];
}

const mostOnLine = 4;

/**
 * The CodeLenses above the objects of a file, one per application: `prod-eu: drifted, 2 fields`; each opens the object's diff, and the one
 * that stands for those left out leads to the application.
 */
export function objectLensesOf(objects: readonly ObjectLine[]): CodeLens[] {
  const byLine = Map.groupBy(objects, ({ line }) => line);
  return [...byLine].flatMap(([line, here]) => {
    // Two applications of one environment are told apart by their names.
    const places = here.map(({ environment, context }) => environment ?? context);
    const isTold = new Set(places).size === places.length;
    const isOne = new Set(here.map(({ object }) => object)).size === 1;
    const sorted = here.toSorted((left, right) => Number(isQuiet(left)) - Number(isQuiet(right)));
    const shown = sorted.slice(0, sorted.length > mostOnLine ? mostOnLine - 1 : mostOnLine).map((object) => {
      const { applicationId, objectKey: key, environment, context, applicationName, state, driftedFields } = object;
      const place = `${environment ?? context}${isTold ? '' : `/${applicationName}`}${isOne ? '' : ` ${object.object}`}`;
      const fields = driftedFields === 0 ? '' : `, ${String(driftedFields)} field${driftedFields === 1 ? '' : 's'}`;
      return lens(line, `${place}: ${state}${fields}`, 'plumbline.openDiff', { applicationId, key });
    });
    const next = sorted[shown.length];
    const rest = `+${String(sorted.length - shown.length)} more`;
    return next === undefined ? shown : [...shown, lens(line, rest, 'plumbline.reveal', { applicationId: next.applicationId })];
  });
}

function isQuiet({ state }: ObjectLine): boolean {
  return state === 'synced' || state === 'pending';
}

function lens(line: number, title: string, command: string, argument: object): CodeLens {
  const start = { line, character: 0 };
  return { range: { start, end: start }, command: { title, command, arguments: [argument] } };
}

/** The last sync where one is recorded, with its age; target where it is another commit. */
function revisionWords({ lastSync, targetRevision }: ApplicationRow, nowMs: number): string {
  const synced = lastSync === undefined ? '' : ` · ${agoWords(lastSync.at, nowMs)} at ${lastSync.revision} by ${lastSync.by}`;
  const target = targetRevision === undefined || targetRevision === lastSync?.revision ? '' : ` · target ${targetRevision}`;
  return `${synced}${target}`;
}

const secondsPerUnit: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

/** How long ago something was, in its largest whole unit: it changes seldom, so that a lens stands still. */
function agoWords(at: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(at)) / 1_000);
  const [unit, size] = secondsPerUnit.find(([, each]) => seconds >= each) ?? ['', 1];
  return unit === '' ? 'just now' : `${String(Math.floor(seconds / size))} ${unit} ago`;
}

function stateWords(row: ApplicationRow): string {
  const place = `${row.environment ?? row.context ?? 'no destination'}/${row.name}`;
  return row.state === 'synced' ? `synced to ${place}` : `${row.state}: ${place}`;
}

const mostPlaces = 3;

/**
 * The CodeLens of unsaved and uncommitted edits (the blast radius): `your edits change 2 objects in prod/shop, 1 object in staging/shop`.
 * @param file absolute path, for the command that lists them
 */
export function effectLensesOf(effects: readonly EditEffect[], file: string): CodeLens[] {
  const changing = effects.filter(({ objects, problem }) => objects.length > 0 || problem !== undefined);
  if (changing.length === 0) return [];
  const parts = changing.slice(0, mostPlaces).map(effectWords);
  const rest = changing.length > mostPlaces ? ` and in ${String(changing.length - mostPlaces)} more applications` : '';
  const title = `your edits change ${parts.join(', ')}${rest}`;
  return [lens(0, title, 'plumbline.showEffects', { file })];
}

function effectWords({ applicationName, environment, context, objects, problem }: EditEffect): string {
  const place = `${environment ?? context}/${applicationName}`;
  if (problem !== undefined) return `${place} (does not render)`;
  const removed = objects.filter(({ change }) => change === 'remove').length;
  const count = `${String(objects.length)} object${objects.length === 1 ? '' : 's'}`;
  return `${count} in ${place}${removed === 0 ? '' : ` (${String(removed)} removed)`}`;
}
