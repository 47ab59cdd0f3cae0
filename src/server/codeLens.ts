import type { CodeLens } from 'vscode-languageserver/node';
import type { FileUse } from '../engine/engineApi.ts';
import type { EditEffect } from '../engine/model/edits.ts';
import type { ApplicationRow } from '../engine/model/snapshot.ts';

/** The one CodeLens of a file: `synced to prod/shop · at 4f2c1d0 · used by 3 applications`. */
export function codeLensesOf(use: FileUse): CodeLens[] {
  const [worst] = use.rows;
  if (worst === undefined) return [];
  const at = worst.targetRevision === undefined ? '' : ` · target ${worst.targetRevision}`;
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
