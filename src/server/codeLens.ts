import type { CodeLens } from 'vscode-languageserver/node';
import type { FileUse } from '../engine/engineApi.ts';
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
