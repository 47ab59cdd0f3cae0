import type { CodeLens } from 'vscode-languageserver/node';
import type { FileUse } from '../engine/engineApi.ts';
import type { EditEffect } from '../engine/model/edits.ts';
import type { ApplicationRow } from '../engine/model/snapshot.ts';

/** The one CodeLens of a file: `synced to prod/shop · 4f2c1d0 by mara at 14:02 · used by 3 applications`. */
export function codeLensesOf(use: FileUse, nowMs = Date.now()): CodeLens[] {
  const [worst] = use.rows;
  if (worst === undefined) return [];
  const at = revisionWords(worst, nowMs);
  const others = use.rows.length > 1 ? ` · used by ${String(use.rows.length)} applications` : '';
  return [
    {
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      command: {
        title: `${stateWords(worst)}${at}${others}`,
        command: 'plumbline.reveal',
        arguments: [{ applicationId: worst.id }],
      },
    },
  ];
}

/** The last sync where one is recorded, by the clock, since a lens stands for long; target where it is another commit. */
function revisionWords({ lastSync, targetRevision }: ApplicationRow, nowMs: number): string {
  const synced = lastSync === undefined ? '' : ` · ${lastSync.revision} by ${lastSync.by} ${whenWords(lastSync.at, nowMs)}`;
  const target = targetRevision === undefined || targetRevision === lastSync?.revision ? '' : ` · target ${targetRevision}`;
  return `${synced}${target}`;
}

function whenWords(at: string, nowMs: number): string {
  const [time, now] = [new Date(at), new Date(nowMs)];
  const two = (part: number): string => String(part).padStart(2, '0');
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === now.toDateString()) return `at ${clock}`;
  return `on ${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
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
  const start = { line: 0, character: 0 };
  return [{ range: { start, end: start }, command: { title, command: 'plumbline.showEffects', arguments: [{ file }] } }];
}

function effectWords({ applicationName, environment, context, objects, problem }: EditEffect): string {
  const place = `${environment ?? context}/${applicationName}`;
  if (problem !== undefined) return `${place} (does not render)`;
  const removed = objects.filter(({ change }) => change === 'remove').length;
  const count = `${String(objects.length)} object${objects.length === 1 ? '' : 's'}`;
  return `${count} in ${place}${removed === 0 ? '' : ` (${String(removed)} removed)`}`;
}
