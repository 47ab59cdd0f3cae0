import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageTemplates } from '../../../src/engine/model/messageTemplates.ts';

const folder = fileURLToPath(new URL('../../../src/engine/model/messages/', import.meta.url));

test('no code has words twice, since one table would hide the other, and every table is in use', async () => {
  const found = new Map<string, string>();
  const twice: string[] = [];
  for (const file of await readdir(folder)) {
    const tables = (await import(`${folder}${file}`)) as Readonly<Record<string, Readonly<Record<string, string>>>>;
    for (const table of Object.values(tables)) {
      for (const [code, words] of Object.entries(table)) {
        if (found.has(code)) twice.push(code);
        found.set(code, words);
      }
    }
  }
  const unused = [...found].filter(([code, words]) => messageTemplates[code] !== words).map(([code]) => code);
  assert.deepEqual([twice, unused], [[], []]);
});
