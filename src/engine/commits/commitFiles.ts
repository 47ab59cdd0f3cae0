import type { PreparedCommit } from './commitApi.ts';
import { declaresSecret, maskPatch } from './commitSecrets.ts';
import { type StoredFile, treeEntries } from '../git/entries.ts';
import { patchesOf } from '../git/patches.ts';
import type { WritingGit } from '../git/writingGit.ts';
import type { CommitFile } from '../model/commit.ts';

/** A longer patch is no reading matter, and snapshots to the editor stay small. */
const MAX_PATCH_CHARACTERS = 200_000;

/** The files of a prepared commit with the patches that a reviewer reads, without any value of a Secret. */
export async function commitFiles(git: WritingGit, prepared: PreparedCommit, signal: AbortSignal): Promise<readonly CommitFile[]> {
  const { base, changes, secretValues, areSecretsKnown } = prepared;
  const patches = await patchesOf(git, base, changes, signal);
  const before = await treeEntries(
    git,
    base,
    changes.map(({ path }) => path),
    signal,
  );
  const after = new Map(changes.map(({ path, file }) => [path, file]));
  const files: CommitFile[] = [];
  for (const { path, status, patch } of patches) {
    const texts = await Promise.all([before.get(path), after.get(path)].map((file) => textOf(git, file, signal)));
    const note = noteOf(texts, patch, areSecretsKnown !== false);
    const shown = note === undefined && patch !== undefined ? { patch: maskPatch(patch, secretValues) } : {};
    files.push({ path, status, ...shown, ...(note === undefined ? {} : { note: { code: note, details: { file: path } } }) });
  }
  return files;
}

/** Why the text of a file is not shown. */
function noteOf(texts: readonly string[], patch: string | undefined, areSecretsKnown: boolean): string | undefined {
  if (texts.some(declaresSecret)) return 'commit-holds-secret';
  if (patch === undefined) return 'commit-binary';
  // Without a render it is not known which of the values go into Secrets: only manifests of other kinds are shown.
  if (!areSecretsKnown && texts.some((text) => text !== '' && !isManifest(text))) return 'commit-may-hold-secret';
  return patch.length > MAX_PATCH_CHARACTERS ? 'commit-patch-large' : undefined;
}

function isManifest(text: string): boolean {
  return /^apiVersion:/m.test(text) && /^kind:/m.test(text);
}

async function textOf(git: WritingGit, file: StoredFile | undefined, signal: AbortSignal): Promise<string> {
  return file?.mode.startsWith('100') === true ? git.text(['cat-file', 'blob', file.id], { signal }) : '';
}
