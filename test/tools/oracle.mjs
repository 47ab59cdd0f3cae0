// `npm run oracle -- --cases N --seed S`: random objects and edits against a real API server; every verdict must name exactly the edited fields.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isProgram, isProjectNode, main, ROOT, ToolError, underProjectNode } from './main.mjs';
import { CONTROL_PLANE, DEPENDENCIES, PEERS } from './setup.mjs';
import { runSteps } from './steps.mjs';

function wholeNumber(text, name) {
  if (!/^\d+$/.test(text)) throw new ToolError(`--${name} takes a whole number, not '${text}'.`);
  return text;
}

/** Runs the oracle test for so many cases; resolves to its exit code. */
async function runOracle(argv, signal) {
  const { values } = parseArgs({ args: argv, options: { cases: { type: 'string' }, seed: { type: 'string' } } });
  const environment = {
    ORACLE_CASES: wholeNumber(values.cases ?? '2000', 'cases'),
    ORACLE_SEED: wholeNumber(values.seed ?? String(Date.now() % 100_000), 'seed'),
  };
  console.log(`${environment.ORACLE_CASES} cases, seed ${environment.ORACLE_SEED}`);
  await runSteps([DEPENDENCIES, ...CONTROL_PLANE, ...PEERS], signal);
  const file = join(ROOT, 'test', 'engine', 'drift', 'oracle.test.ts');
  const child = spawn(process.execPath, ['--test', '--test-timeout=7200000', file], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
    signal,
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => (isProjectNode() ? runOracle(args, signal) : underProjectNode(import.meta.url, args, signal)));
}
