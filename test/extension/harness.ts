import { glob, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { launchBrowser, OUTPUT } from '../tools/browser.ts';
import { startCodeServer } from '../tools/codeServer.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXIT_TIMEOUT_MS = 180_000;

/** What one mocha test in the extension host came to. */
export interface HostResult {
  /** Titles of its suites and its own. */
  readonly title: string;
  /** Stack or message; undefined when it passed. */
  readonly error?: string;
}

/** Bundles the suites with mocha for the extension host; returns the path of the module that exports `run()`. */
async function bundleSuites(): Promise<string> {
  const suites: string[] = [];
  for await (const file of glob(join(ROOT, 'test', 'extension', 'suite', '**', '*.suite.ts'))) suites.push(file);
  const outfile = join(OUTPUT, 'extension', 'run.cjs');
  await mkdir(join(OUTPUT, 'extension'), { recursive: true });
  await build({
    stdin: {
      contents: `import { runMocha } from './runMocha.ts';\nexport const run = () => runMocha([${suites
        .sort()
        .map((file) => `() => import(${JSON.stringify(file)})`)
        .join(', ')}]);\n`,
      resolveDir: join(ROOT, 'test', 'extension'),
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: ['vscode'],
    mainFields: ['module', 'main'],
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return outfile;
}

/**
 * Runs all suites inside the extension host of a real VS Code that has the folder open and our extension loaded.
 * @returns one result per test
 * @throws Error when the host did not get to the end
 */
export async function runInExtensionHost(options: {
  readonly folder: string;
  readonly kubeconfig: string;
}): Promise<readonly HostResult[]> {
  const results = join(OUTPUT, 'extension', `results-${process.pid}.json`);
  const run = await bundleSuites();
  await using server = await startCodeServer({
    folder: options.folder,
    extensionDevelopmentPath: ROOT,
    env: { KUBECONFIG: options.kubeconfig, PLUMBLINE_TEST_RESULTS: results },
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const log: string[] = [];
    await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => {
      log.push(`${type}: ${args.map(String).join(' ')}`);
    });
    const exited = new Promise<number>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => {
        resolve(code);
      });
    });
    await page.goto(server.url([['extensionTestsPath', server.remoteUri(run)]]));
    const timeout = AbortSignal.timeout(EXIT_TIMEOUT_MS);
    const expired = new Promise<never>((_, reject) => {
      timeout.addEventListener('abort', () => {
        reject(new Error(`The extension host did not end in ${EXIT_TIMEOUT_MS / 1000} s.\n${log.join('\n')}`));
      });
    });
    const code = await Promise.race([exited, expired]);
    const text = await readFile(results, 'utf8').catch(() => '');
    if (text === '') throw new Error(`The extension host ended with ${code}, without results.\n${log.join('\n')}`);
    return JSON.parse(text) as readonly HostResult[];
  } finally {
    await browser.close();
  }
}
