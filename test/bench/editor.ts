import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { Workbench } from '../e2e/workbench.ts';
import { helm } from '../tools/binaries.ts';
import { launchBrowser, openWorkbench } from '../tools/browser.ts';
import { startCodeServer } from '../tools/codeServer.ts';
import { freePort } from '../tools/controlPlane.ts';
import { git } from '../tools/sample.ts';
import { type BenchCluster, startBenchCluster } from './benchCluster.ts';
import { ExtensionHost } from './extensionHost.ts';
import { type Measurement, percentile } from './report.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const changesPerSecond = 100;
/** not counted: the first ones compile what the later ones run */
const warmUps = 10;
/** longest task of the extension host (design.md §12), in milliseconds */
const longestTask = 16;

/** An application of each other kind of source, besides the directory of 1,000 objects. */
const others: Readonly<Record<string, string>> = {
  'overlay/base/kustomization.yaml': 'resources:\n  - knobs.yaml\n',
  'overlay/base/knobs.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: knobs\ndata:\n  speed: slow\n  sound: loud\n',
  'overlay/test/kustomization.yaml': 'resources:\n  - ../base\nlabels:\n  - pairs: {tier: test}\n',
  'chart/Chart.yaml': 'apiVersion: v2\nname: dials\nversion: 1.0.0\n',
  'chart/values.yaml': 'speed: slow\nsound: loud\n',
  'chart/templates/dials.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  speed: {{ .Values.speed }}\n  sound: {{ .Values.sound | quote }}\n',
};

/** Runs in the page: when the last key went down, and when a note at the end of a line came or went, in milliseconds since 1970. */
const probe = `(() => {
  const now = () => performance.timeOrigin + performance.now();
  const notes = () => [...document.querySelectorAll('.editor-instance .view-line span[class*="ced-"]')]
    .map((span) => getComputedStyle(span, '::after').content);
  const bench = {
    keyAt: 0,
    until: (text, isThere) => new Promise((resolve, reject) => {
      let isOver = false;
      setTimeout(() => { isOver = true; reject(new Error('no change of a note with ' + text + ' within 30 s')); }, 30_000);
      const look = () => {
        if (isOver || notes().some((note) => note.includes(text)) !== isThere) return isOver;
        isOver = true;
        observer.disconnect();
        resolve(now());
        return true;
      };
      const observer = new MutationObserver(look);
      observer.observe(document.querySelector('.editor-instance'), { subtree: true, childList: true, attributes: true });
      // The observer sees the change; a look at each frame would keep a processor busy.
      const tick = () => { if (!look()) setTimeout(tick, 250); };
      tick();
    }),
  };
  window.plumblineBench = bench;
  window.addEventListener('keydown', (event) => { bench.keyAt = performance.timeOrigin + event.timeStamp; }, true);
})()`;

/**
 * What a user waits for, in a real VS Code: a live edit, or a keystroke, to the note at the end of its line in the page, with 100 other
 * objects a second changing; and how long the extension holds the extension host meanwhile.
 * @param isQuick a quarter of the edits
 */
export async function benchEditor(isQuick: boolean, note: (text: string) => void): Promise<readonly Measurement[]> {
  // Of its own: other parts leave their edits behind.
  const cluster = await startBenchCluster(note);
  try {
    return await measure(cluster, isQuick, note);
  } finally {
    await cluster.stop();
  }
}

async function measure(cluster: BenchCluster, isQuick: boolean, note: (text: string) => void): Promise<readonly Measurement[]> {
  const rounds = isQuick ? 50 : 200;
  await addOthers(cluster);
  const port = await freePort();
  const server = await startCodeServer({
    folder: cluster.repo,
    extensionDevelopmentPath: root,
    env: { KUBECONFIG: cluster.plane.kubeconfigPath },
    settings: { 'files.autoSave': 'off', 'editor.minimap.enabled': false },
  });
  const browser = await launchBrowser();
  try {
    const page = await openWorkbench(browser, server.url([['inspect-extensions', String(port)]]));
    const workbench = new Workbench(page);
    await workbench.openPlumbline();
    for (const name of ['bench', 'dials', 'knobs']) await workbench.row(new RegExp(`^application ${name}, test, synced`, 'i'));
    await page.evaluate(probe);
    const host = await ExtensionHost.connect(port);
    const directory = await placeOf(cluster, 'app-0');
    const places = [
      { what: 'a directory of 1,000 objects', ...directory },
      { what: 'a Kustomize base', file: 'overlay/base/knobs.yaml', line: 6 },
      { what: 'values of a chart', file: 'chart/values.yaml', line: 1 },
    ];
    const churn = startChurn(cluster);
    try {
      note('warming up');
      await liveEdits(workbench, cluster, warmUps);
      await keystrokes(workbench, directory.file, directory.line, warmUps);
      await host.watch();
      note(`${rounds} live edits among ${changesPerSecond} changes a second, then keystrokes`);
      const live = await liveEdits(workbench, cluster, rounds);
      const amid = await keystrokes(workbench, directory.file, directory.line, rounds / 2);
      await churn.stop();
      note('keystrokes');
      const typed: Measurement[] = [];
      for (const { what, file, line } of places) {
        const times = await keystrokes(workbench, file, line, rounds / 2);
        typed.push(...percentiles(`keystroke in ${what} to its provisional mark in the page`, times, 150));
      }
      const { tasks, delayP99, delayMax } = await host.work((url) => url.includes('/dist/extension'));
      return [
        ...percentiles('live edit sent to its mark in the page', live, 200),
        ...typed,
        ...percentiles('  the same in the directory, among these changes', amid),
        {
          what: 'longest task of the extension host with code of ours',
          value: tasks[0] ?? 0,
          unit: 'ms',
          bar: { limit: longestTask, is: 'max' },
          note: `of ${tasks.length}; p99 ${percentile(tasks, 99).toFixed(1)} ms`,
        },
        { what: '  delay of its event loop, p99', value: delayP99, unit: 'ms', note: `max ${delayMax.toFixed(0)} ms, whoever held it` },
      ];
    } finally {
      await churn.stop();
      host.close();
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** @param limit bar of the 95th; absent: none */
function percentiles(what: string, times: readonly number[], limit?: number): Measurement[] {
  return [
    { what: `${what}, p50`, value: percentile(times, 50), unit: 'ms', note: `${times.length} times` },
    { what: '  p95', value: percentile(times, 95), unit: 'ms', ...(limit === undefined ? {} : { bar: { limit, is: 'max' } }) },
    { what: '  p99', value: percentile(times, 99), unit: 'ms', note: `the slowest ${Math.max(...times).toFixed(0)} ms` },
  ];
}

/** Declares, commits and applies an application of Kustomize and one of Helm. */
async function addOthers({ plane, repo }: BenchCluster): Promise<void> {
  const config = join(repo, 'plumbline.yaml');
  const text = await readFile(config, 'utf8');
  const added =
    '  - {name: knobs, environment: test, path: overlay/test, namespace: warm}\n  - {name: dials, environment: test, path: chart, namespace: warm}\n';
  for (const [path, content] of Object.entries({ ...others, 'plumbline.yaml': text + added })) {
    await mkdir(dirname(join(repo, path)), { recursive: true });
    await writeFile(join(repo, path), content);
  }
  await git(repo, ['add', '.']);
  await git(repo, ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', 'commit', '--quiet', '-m', 'Add knobs and dials']);
  await plane.kubectl(['apply', '-n', 'warm', '-k', join(repo, 'overlay/test')]);
  await plane.kubectl(['apply', '-n', 'warm', '-f', '-'], await helm(['template', 'dials', join(repo, 'chart')]));
}

/** Changes other objects at a steady rate until it is stopped. */
function startChurn({ plane }: BenchCluster): { stop(): Promise<void> } {
  const script = fileURLToPath(new URL('churn.ts', import.meta.url));
  const child = spawn(process.execPath, [script, plane.serverUrl, plane.token('admin'), String(changesPerSecond)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** File and line (1-based) that set `level` of a ConfigMap of the set. */
async function placeOf({ repo }: BenchCluster, name: string): Promise<{ readonly file: string; readonly line: number }> {
  for (const file of (await readdir(join(repo, 'bench'))).sort()) {
    const lines = (await readFile(join(repo, 'bench', file), 'utf8')).split('\n');
    for (const [index, text] of lines.entries()) {
      if (text !== 'kind: "ConfigMap"') continue;
      const end = lines.indexOf('---', index);
      const own = lines.slice(index, end === -1 ? undefined : end);
      if (own.includes(`  name: "${name}"`)) return { file: `bench/${file}`, line: index + own.indexOf('  level: "info"') + 1 };
    }
  }
  throw new Error(`ConfigMap ${name} has no line`);
}

async function liveEdits(workbench: Workbench, cluster: BenchCluster, rounds: number): Promise<readonly number[]> {
  const name = 'app-1';
  const { file, line } = await placeOf(cluster, name);
  await workbench.openFile(file);
  await workbench.goToLine(line);
  const times: number[] = [];
  for (let index = 0; index <= rounds; index += 1) {
    // The last one takes the change back.
    const value = index === rounds ? 'info' : `edit-${String(index)}-`;
    const seen = untilNote(workbench.page, index === rounds ? `edit-${String(index - 1)}-` : value, index !== rounds);
    const sentAt = performance.timeOrigin + performance.now();
    await cluster.plane.request(`/api/v1/namespaces/bench/configmaps/${name}`, {
      method: 'PATCH',
      body: { data: { level: value } },
      contentType: 'application/merge-patch+json',
    });
    times.push((await seen) - sentAt);
  }
  return times;
}

/** Types a character behind a value and takes it back, again and again: each time its mark comes, or goes. */
async function keystrokes(workbench: Workbench, file: string, line: number, rounds: number): Promise<readonly number[]> {
  const { page } = workbench;
  await workbench.openFile(file);
  await workbench.goToLine(line);
  await page.keyboard.press('End');
  // Inside the quotes of a quoted value.
  if (file.startsWith('bench/')) await page.keyboard.press('ArrowLeft');
  const times: number[] = [];
  for (let index = 0; index < rounds; index += 1) {
    for (const [key, isThere] of [
      ['x', true],
      ['Backspace', false],
    ] as const) {
      const seen = untilNote(page, 'live: ', isThere);
      await page.keyboard.press(key);
      times.push((await seen) - (await page.evaluate<number>('window.plumblineBench.keyAt')));
    }
  }
  return times;
}

/** When a note that contains a text came, or the last such went. @returns milliseconds since 1970 */
async function untilNote(page: Page, text: string, isThere: boolean): Promise<number> {
  return page.evaluate<number>(`window.plumblineBench.until(${JSON.stringify(text)}, ${String(isThere)})`);
}
