import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { git } from '../../tools/sample.ts';

/** the program as it is shipped: the setup of the ring bundles it */
const main = fileURLToPath(new URL('../../../dist/cli.mjs', import.meta.url));

/** What a run of the program gave. */
export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own with a config repo, and the program run in it. */
export class CliFolder {
  readonly dir: string;
  readonly repo: string;
  readonly #variables: Readonly<Record<string, string>>;

  private constructor(dir: string, variables: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.repo = join(dir, 'repo');
    this.#variables = variables;
  }

  /** Makes the folder; remove it in the suite's `after`. */
  static async create(kubeconfig: string): Promise<CliFolder> {
    const dir = await mkdtemp(join(tmpdir(), 'plumbline-cli-'));
    await mkdir(join(dir, 'repo'));
    return new CliFolder(dir, { KUBECONFIG: kubeconfig, XDG_CACHE_HOME: join(dir, 'cache'), HOME: dir });
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Writes files of the repo by their paths and commits them on `main`. */
  async commit(files: Readonly<Record<string, string>>): Promise<void> {
    await this.write(files);
    await git(this.repo, ['init', '--quiet', '--initial-branch=main']);
    await git(this.repo, ['add', '.']);
    await git(this.repo, ['-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'change']);
  }

  /** Deletes a file of the repo and commits that. */
  async delete(path: string): Promise<void> {
    await rm(join(this.repo, path));
    await this.commit({});
  }

  /** Writes files below the folder's repo. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.repo, path)), { recursive: true });
      await writeFile(join(this.repo, path), text);
    }
  }

  /** Runs `plumbline` in the repo, as a process. @param onOutput may end it early by a signal */
  run(args: readonly string[], onError?: (text: string, kill: (signal: NodeJS.Signals) => void) => void, cwd = this.repo): Promise<Run> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [main, ...args], {
        cwd,
        env: { ...process.env, ...this.#variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
        onError?.(err, (signal) => child.kill(signal));
      });
      child.once('error', reject);
      child.once('close', (code) => {
        resolve({ code, out, err });
      });
      if (onError !== undefined)
        setImmediate(() => {
          onError('', (signal) => child.kill(signal));
        });
    });
  }
}

/** What of a value is not as the published schema `media/<name>.schema.json` says; empty: all is. */
export async function schemaCheck(name: string): Promise<(value: unknown) => readonly string[]> {
  const schema = JSON.parse(await readFile(new URL(`../../../media/${name}.schema.json`, import.meta.url), 'utf8')) as object;
  const check = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
  return (value) => {
    check(value);
    return (check.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
  };
}
