import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { HostResult } from './harness.ts';

const TEST_TIMEOUT_MS = 60_000;

/** Runs suites in the extension host and leaves their results in the file that `PLUMBLINE_TEST_RESULTS` names. */
export async function runMocha(suites: readonly (() => Promise<unknown>)[]): Promise<void> {
  const mocha = new Mocha({ ui: 'tdd', timeout: TEST_TIMEOUT_MS, reporter: Mocha.reporters.Base });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const load of suites) await load();
  const results: HostResult[] = [];
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', (test) => results.push({ title: test.fullTitle() }));
    runner.on('fail', (test: Mocha.Runnable, error: Error) =>
      results.push({ title: test.fullTitle(), error: error.stack ?? error.message }),
    );
  });
  writeFileSync(process.env['PLUMBLINE_TEST_RESULTS'] ?? 'results.json', JSON.stringify(results));
  if (failures > 0) throw new Error(`${failures} failed`);
}
