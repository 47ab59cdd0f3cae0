import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommitRequest } from '../../../src/engine/git/commitWriter.ts';
import { storeBlob } from '../../../src/engine/git/entries.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { git, testEnvironment } from './sampleRepo.ts';

/** Git with a configured author. */
export const environment = {
  ...testEnvironment,
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};
/** Ten lines, so that hunks stay apart. */
export const ten = 'a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\n';

/** The writing Git of a trusted repo, with more variables. */
export async function writing(folder: string, more: Readonly<Record<string, string>> = {}): Promise<WritingGit> {
  const layout = await findLayout(folder);
  assert.ok(layout);
  return new WritingGit(layout, { isTrusted: () => true, environment: { ...environment, ...more } });
}

/** All that a commit may not change, byte for byte: files, index, refs, and that nothing is left in Git's folder. */
export function stateOf(repo: string): Readonly<Record<string, unknown>> {
  const gitDir = git(repo, 'rev-parse', '--absolute-git-dir');
  const files = git(repo, 'ls-files', '--cached', '--others').split('\n');
  return {
    head: git(repo, 'rev-parse', 'HEAD'),
    refs: git(repo, 'for-each-ref'),
    symbolic: readFileSync(join(gitDir, 'HEAD'), 'utf8'),
    index: git(repo, 'ls-files', '--stage', '-v'),
    files: Object.fromEntries(files.map((file) => [file, contentOf(join(repo, file))])),
    lock: existsSync(join(gitDir, 'index.lock')),
    left: existsSync(join(gitDir, 'plumbline')) ? readdirSync(join(gitDir, 'plumbline')) : [],
  };
}

function contentOf(file: string): string | null {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  // A submodule is a folder.
  return stats === undefined || stats.isDirectory() ? null : readFileSync(file, 'latin1');
}

/** The bytes of the index file. */
export function rawIndex(repo: string): Buffer {
  return readFileSync(join(git(repo, 'rev-parse', '--absolute-git-dir'), 'index'));
}

/** A request to commit one text at one path; undefined deletes it. */
export async function requestFor(
  repo: WritingGit,
  path: string,
  text: string | undefined,
  more: Partial<CommitRequest> = {},
): Promise<CommitRequest> {
  const signal = new AbortController().signal;
  const file = text === undefined ? undefined : { mode: '100644', id: await storeBlob(repo, Buffer.from(text), signal) };
  const base = git(repo.layout.root, 'rev-parse', 'HEAD');
  return { base, changes: [{ path, file }], message: 'Change it', signOff: false, workingTree: 'leave', ...more };
}

/** Puts an executable hook into a repo. */
export function hook(repo: string, name: string, body: string): void {
  const file = join(repo, '.git/hooks', name);
  mkdirSync(join(repo, '.git/hooks'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}
