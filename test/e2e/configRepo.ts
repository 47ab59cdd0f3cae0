import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git } from '../tools/sample.ts';

/** A config repo on branch `main` with these files in one commit of Mara's. @returns its folder, inside `dir` */
export async function makeConfigRepo(dir: string, files: Readonly<Record<string, string>>, message = 'Declare the shop'): Promise<string> {
  const repo = join(dir, 'larkfield-config');
  await mkdir(repo, { recursive: true });
  await git(repo, ['init', '-q', '-b', 'main']);
  await git(repo, ['config', 'user.name', 'Mara']);
  await git(repo, ['config', 'user.email', 'mara@larkfield.example']);
  await commitFiles(repo, files, message);
  return repo;
}

/** Writes files and commits them with all else that is edited. */
export async function commitFiles(repo: string, files: Readonly<Record<string, string>>, message: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(repo, path)), { recursive: true });
    await writeFile(join(repo, path), text);
  }
  await git(repo, ['add', '--all']);
  await git(repo, ['commit', '-q', '-m', message]);
}
