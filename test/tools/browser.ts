import { access, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/** Where screenshots and other output of tests go; not in Git. */
export const OUTPUT = fileURLToPath(new URL('../out/', import.meta.url));

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Path of the browser: `$CHROMIUM`, or the first of Chromium and Chrome on PATH. */
export async function browserPath(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = [process.env['CHROMIUM'] ?? '', ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))];
  for (const path of candidates.filter((candidate) => candidate !== '')) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error('No Chromium was found: apt-get install chromium');
}

/** How long a workbench may take to open, in milliseconds: much code is read and compiled the first time. */
const openingMs = 120_000;

/** Starts a headless browser; close it in `t.after`. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await browserPath(), args: ['--no-sandbox', '--disable-gpu'] });
}

/**
 * Opens a workbench and waits until it has restored its editors and views.
 * @param url of {@link CodeServer.url}
 * @param size of the window in CSS pixels
 * @param initScript runs in the page before anything of the workbench does
 */
export async function openWorkbench(browser: Browser, url: string, size = { width: 1400, height: 900 }, initScript = ''): Promise<Page> {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  await page.addInitScript(initScript);
  await loadWorkbench(page, url);
  return page;
}

/** Shows another workbench in an open page, and waits as {@link openWorkbench} does: what the browser has compiled, it need not compile again. */
export async function loadWorkbench(page: Page, url: string): Promise<void> {
  await page.goto(url, { timeout: openingMs });
  // VS Code's own test driver, there when the server was started with `enable-smoke-test-driver`.
  await page.waitForFunction('window.driver !== undefined', undefined, { timeout: openingMs });
  await page.evaluate('window.driver.whenWorkbenchRestored()');
}

/** Saves a picture of the page as `test/out/screenshots/<name>.png` and returns its path. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const path = join(OUTPUT, 'screenshots', `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path });
  return path;
}
