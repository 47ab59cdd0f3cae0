import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { launchBrowser, loadWorkbench, openWorkbench } from '../tools/browser.ts';
import { startCodeServer } from '../tools/codeServer.ts';
import type { CodeServer } from '../tools/codeServer.ts';
import { type ControlPlane, startControlPlane } from '../tools/controlPlane.ts';
import type { Component } from '../tools/controllers.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { ThemeSwitch, themeScript, themeSettings } from './themes.ts';
import { Workbench } from './workbench.ts';

/** What makes pictures readable and the same everywhere. */
const pictureSettings = { 'window.title': '${rootName}', 'editor.minimap.enabled': false, ...themeSettings };

/** how much of the log a failure shows */
const loggedLines = 25;

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What an editor is opened with. */
export interface EditorOptions {
  /** makes the folder to open, inside `dir`; the kubeconfig of all windows is `kubeconfig` in there. @returns the folder */
  readonly prepare: (dir: string, onEnd: (stop: () => Promise<unknown>) => void) => Promise<string>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** true: starts in Restricted Mode */
  readonly workspaceTrust?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly size?: { readonly width: number; readonly height: number };
}

/** What a session is made of. */
export interface SessionOptions extends Omit<EditorOptions, 'prepare'> {
  readonly components?: readonly Component[];
  /** makes the folder to open, inside `dir`, and what is on the cluster; unless it wrote `kubeconfig` in there, it is the admin's */
  readonly prepare: (cluster: ControlPlane, dir: string) => Promise<{ readonly folder: string; readonly hasKubeconfig?: boolean }>;
}

/** A VS Code in a browser that shows a folder with the extension of this repo. */
export interface EditorSession {
  readonly server: CodeServer;
  readonly workbench: Workbench;
  readonly themes: ThemeSwitch;
  readonly folder: string;
  /** folder of the whole session */
  readonly dir: string;
  /** opens another folder in the window; undefined: none */
  show(folder: string | undefined): Promise<void>;
  /** the last lines of the extension's log */
  log(): Promise<string>;
  end(): Promise<void>;
}

/** A control plane, too. */
export interface Session extends EditorSession {
  readonly cluster: ControlPlane;
}

/** Starts an editor without any cluster; end it in the test's `after`. */
export async function startEditor(options: EditorOptions): Promise<EditorSession> {
  const ends: (() => Promise<unknown>)[] = [];
  const onEnd = (stop: () => Promise<unknown>): void => {
    ends.push(stop);
  };
  const end = async (): Promise<void> => {
    for (const stop of ends.splice(0).reverse()) await stop();
  };
  try {
    const temporary = await temporaryFolder('plumbline-e2e-');
    onEnd(() => temporary.remove());
    // One waits while the other computes.
    const [server, browser, folder] = await Promise.all([
      startCodeServer({
        folder: temporary.path,
        extensionDevelopmentPath: root,
        env: { KUBECONFIG: join(temporary.path, 'kubeconfig'), ...options.env },
        settings: { ...pictureSettings, ...options.settings },
        ...(options.workspaceTrust === undefined ? {} : { workspaceTrust: options.workspaceTrust }),
      }).then((started) => {
        onEnd(() => started.stop());
        return started;
      }),
      launchBrowser().then((launched) => {
        onEnd(() => launched.close());
        return launched;
      }),
      options.prepare(temporary.path, onEnd),
    ]);
    const page = await openWorkbench(browser, urlOf(server, folder), options.size ?? { width: 1400, height: 860 }, themeScript);
    return {
      server,
      workbench: new Workbench(page),
      themes: new ThemeSwitch(page),
      folder,
      dir: temporary.path,
      show: (path) => loadWorkbench(page, urlOf(server, path)),
      log: () => logOf(server),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Starts everything that a flow needs; end it in the test's `after`. */
export async function startSession(options: SessionOptions): Promise<Session> {
  const { components, prepare, ...rest } = options;
  const started = Promise.withResolvers<ControlPlane>();
  const editor = await startEditor({
    ...rest,
    prepare: async (dir, onEnd) => {
      const cluster = await startControlPlane(components === undefined ? {} : { components });
      onEnd(() => cluster.stop());
      started.resolve(cluster);
      const { folder, hasKubeconfig = false } = await prepare(cluster, dir);
      if (!hasKubeconfig) await copyFile(cluster.kubeconfigPath, join(dir, 'kubeconfig'));
      return folder;
    },
  });
  return { ...editor, cluster: await started.promise };
}

function urlOf(server: CodeServer, folder: string | undefined): string {
  if (folder !== undefined) return server.url([], folder);
  const url = new URL(server.url());
  url.searchParams.delete('folder');
  url.searchParams.set('ew', 'true');
  return url.href;
}

/** The last lines of the log channel "Plumbline". */
async function logOf(server: CodeServer): Promise<string> {
  const paths = await readdir(server.userDataDir, { recursive: true });
  const path = paths.findLast((name) => name.endsWith('Plumbline.log'));
  if (path === undefined) return 'none';
  const lines = (await readFile(join(server.userDataDir, path), 'utf8')).split('\n');
  return `\n${lines.slice(-loggedLines).join('\n')}`;
}

/** A test that leaves a picture of its end, of its failure too. */
export function flow(session: EditorSession, name: string, picture: string, run: () => Promise<void>): void {
  const { workbench } = session;
  test(name, async () => {
    try {
      await run();
    } catch (error) {
      await workbench.picture(`failed-${picture}`);
      const seen = await workbench.seen().catch((reason: unknown) => String(reason));
      const problems = await workbench.problems().catch((reason: unknown) => [`the Problems view does not open: ${String(reason)}`]);
      // The next flow finds the room that it would have without this failure.
      await workbench.closePanel().catch(() => undefined);
      throw new Error(`${name}\nseen: ${seen}\nProblems: ${problems.join(' | ')}\nlog: ${await session.log()}`, { cause: error });
    }
    await workbench.picture(picture);
  });
}

/** Ids of the engine processes that descend from a process of ours. */
export async function enginePids(): Promise<number[]> {
  const parents = new Map<number, number>();
  const engines: number[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    // Processes come and go while we read.
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const commandLine = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    if (commandLine.split('\0').some((argument) => argument.endsWith('/dist/server.mjs'))) engines.push(pid);
  }
  return engines.filter((pid) => {
    let current: number | undefined = pid;
    while (current !== undefined && current > 1) {
      if (current === process.pid) return true;
      current = parents.get(current);
    }
    return false;
  });
}
