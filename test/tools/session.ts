import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { startCodeServer } from './codeServer.ts';
import { freePort, startControlPlane } from './controlPlane.ts';
import type { ControlPlane } from './controlPlane.ts';
import { packVsix, stageExtension } from './package.mjs';
import { startProcess, temporaryFolder } from './processes.mjs';
import { setUpSample } from './sample.ts';

/** What `npm start` was asked for. */
export interface SessionOptions {
  readonly desktop: boolean;
  /** The user's own cluster, by its kubeconfig context; then {@link folder} is set too. */
  readonly context?: string;
  readonly folder?: string;
  readonly port?: number;
}

const PREFERRED_PORT = 8484;

/** What the editor opens, and the environment it runs in. */
interface Subject {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly stop: () => Promise<void>;
  readonly lines: readonly string[];
}

async function timed<T>(name: string, work: Promise<T>): Promise<T> {
  const start = Date.now();
  const result = await work;
  console.log(`  ${name}  ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** A local control plane with the sample on it, changed behind Git's back. */
async function sampleSubject(dir: string, signal: AbortSignal): Promise<Subject> {
  const controlPlane: ControlPlane = await timed(
    'control plane',
    startControlPlane({
      dir: join(dir, 'control-plane'),
      components: ['controller-manager', 'scheduler', 'kwok'],
      isLasting: true,
      signal,
    }),
  );
  try {
    const cluster = { kubeconfig: controlPlane.kubeconfigPath, context: controlPlane.name };
    const { repo } = await timed('sample: repo, deployment, live edits', setUpSample({ ...cluster, dir }));
    return {
      folder: repo,
      kubeconfig: cluster.kubeconfig,
      stop: () => controlPlane.stop(),
      lines: [
        `The cluster, for kubectl:  export KUBECONFIG=${cluster.kubeconfig}`,
        `The config repo:           ${repo}`,
        'Both are temporary: they end with this command.',
      ],
    };
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

/** The user's own cluster and repo: only the current context is set, in a file of ours before the user's own. */
async function ownSubject(dir: string, context: string, folder: string): Promise<Subject> {
  const path = resolve(folder);
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new Error(`${path} is not a folder.`);
  const files = (process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config')).split(delimiter).filter((file) => file !== '');
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  if (!texts.some((text) => text.includes(context))) throw new Error(`No context '${context}' in ${files.join(', ')}.`);
  const first = join(dir, 'context.kubeconfig');
  await writeFile(first, `apiVersion: v1\nkind: Config\ncurrent-context: ${JSON.stringify(context)}\n`);
  return {
    folder: path,
    kubeconfig: [first, ...files].join(delimiter),
    stop: () => Promise.resolve(),
    lines: [`Your cluster: ${context}`, `Your repo:    ${path}`, 'Nothing is written to them unless you confirm a plan in the editor.'],
  };
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => {
      done(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        done(true);
      });
    });
  });
}

async function codeOnPath(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of ['code', 'code-insiders', 'codium']) {
      const path = join(folder, name);
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  throw new Error(
    '`code` was not found on PATH: install VS Code and its command ("Shell Command: Install \'code\' command in PATH"), or leave --desktop out.',
  );
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => {
      done();
    });
  });
}

/** Opens the editor on the subject and waits until Ctrl-C, or until the browser's server has ended. */
async function runEditor(dir: string, subject: Subject, options: SessionOptions, signal: AbortSignal): Promise<number> {
  const env = { KUBECONFIG: subject.kubeconfig };
  if (options.desktop) {
    const extension = join(dir, 'extension');
    await stageExtension(extension);
    const args = [
      `--extensionDevelopmentPath=${extension}`,
      `--user-data-dir=${join(dir, 'user')}`,
      '--new-window',
      '--wait',
      subject.folder,
    ];
    startProcess(await codeOnPath(), args, { env: { ...process.env, ...env }, log: join(dir, 'code.log') });
    console.log(['', 'VS Code opens on the config repo.', ...subject.lines, 'Ctrl-C ends everything.'].join('\n'));
    await ended(signal);
    return 0;
  }
  const vsix = join(dir, 'plumbline.vsix');
  await timed('packed', packVsix({ path: vsix }));
  const port = options.port ?? ((await isFree(PREFERRED_PORT)) ? PREFERRED_PORT : await freePort());
  const userDataDir = join(dir, 'user');
  await mkdir(userDataDir, { recursive: true });
  const server = await timed(
    'VS Code in the browser',
    startCodeServer({ folder: subject.folder, vsix, userDataDir, port, env, smokeTestDriver: false, signal }),
  );
  console.log(['', `Open  ${server.url()}`, ...subject.lines, 'Ctrl-C ends everything.'].join('\n'));
  const over = await Promise.race([ended(signal).then(() => 'signal'), server.exited.then(() => 'server')]);
  if (over === 'server') throw new Error(`code-server ended by itself; its log: ${server.logPath}`);
  await server.stop();
  return 0;
}

/** The part of `npm start` after everything is installed and built. @returns the exit code */
export async function runSession(options: SessionOptions, signal: AbortSignal): Promise<number> {
  if (options.desktop) await codeOnPath();
  const folder = await temporaryFolder('plumbline-start-');
  try {
    const subject =
      options.context === undefined || options.folder === undefined
        ? await sampleSubject(folder.path, signal)
        : await ownSubject(folder.path, options.context, options.folder);
    try {
      return await runEditor(folder.path, subject, options, signal);
    } finally {
      await subject.stop();
    }
  } finally {
    await folder.remove();
  }
}
