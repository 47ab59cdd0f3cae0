import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileLimits, type OpenText } from '../../../src/engine/editor/fileLimits.ts';
import type { Workspace } from '../../../src/engine/sessions/workspace.ts';

test('of an open document each text, and each state of its file, is read once', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'plumbline-limits-'));
  t.after(() => rm(root, { recursive: true }));
  const limits = new FileLimits();
  const source = { path: 'elsewhere' };
  let reads = 0;
  const read = (path: string): Promise<Uint8Array> => {
    reads += 1;
    return readFile(join(root, path));
  };
  const workspace = { sessions: [{ application: { source } }], repo: { root, workingTree: { read } } } as unknown as Workspace;
  const document = { version: 1 };
  /** What is told, and how often the file is read for three questions. */
  const asked = async (open?: OpenText): Promise<unknown> => {
    const before = reads;
    const told = [1, 2, 3].map(() => limits.of(workspace, 'cm.yaml', open));
    const codes: unknown[] = [];
    for (const one of told) codes.push((await one).map(({ reason }) => reason.code).join());
    return [codes.at(-1), reads - before];
  };
  const once = async (): Promise<unknown> => {
    await limits.of(workspace, 'cm.yaml', document);
    return asked(document);
  };
  await writeFile(join(root, 'cm.yaml'), 'a: 1\n');
  assert.deepEqual(await asked(document), ['', 0]);
  // An application that reads it has come.
  source.path = '';
  assert.deepEqual(
    [await once(), await asked()],
    [
      ['', 0],
      ['', 3],
    ],
  );
  document.version = 2;
  const before = reads;
  assert.deepEqual([await once(), reads - before], [['', 0], 1]);
  // Saved in another encoding: the text is the same.
  await writeFile(join(root, 'cm.yaml'), Buffer.from('a: ü\n', 'latin1'));
  assert.deepEqual(await once(), ['lines-encoding', 0]);
});
