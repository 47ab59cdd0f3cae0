import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser, openWorkbench } from '../tools/browser.ts';
import { startCodeServer } from '../tools/codeServer.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { type Measurement, percentile } from './report.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const rounds = 5;
const patienceMs = 60_000;

/** How long `activate()` holds the extension host of a real VS Code: the median of some windows, each with a host of its own. */
export async function benchActivation(): Promise<readonly Measurement[]> {
  const folder = await temporaryFolder('plumbline-bench-activate-');
  await writeFile(
    join(folder.path, 'plumbline.yaml'),
    'apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments: {}\napplications: []\n',
  );
  const server = await startCodeServer({ folder: folder.path, extensionDevelopmentPath: root });
  const browser = await launchBrowser();
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const page = await openWorkbench(browser, server.url());
      await untilLogged(server.userDataDir, round);
      await page.close();
    }
    const times = await activationTimes(server.userDataDir);
    return [{ what: 'activate() in the extension host', value: percentile(times, 50), unit: 'ms', bar: { limit: 20, is: 'max' } }];
  } finally {
    await browser.close();
    await server.stop();
    await folder.remove();
  }
}

/** What the extension itself logged of each activation, in milliseconds. */
async function activationTimes(userDataDir: string): Promise<number[]> {
  const names = await readdir(userDataDir, { recursive: true });
  const logs = names.filter((name) => name.endsWith('Plumbline.log'));
  const texts = await Promise.all(logs.map((name) => readFile(join(userDataDir, name), 'utf8')));
  return texts.flatMap((text) => [...text.matchAll(/activateMs=(\d+)/g)].map(([, time]) => Number(time)));
}

async function untilLogged(userDataDir: string, count: number): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  while ((await activationTimes(userDataDir)).length < count) {
    if (Date.now() > deadlineMs) throw new Error(`The extension was not activated for the ${String(count)}. time.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
