// `npm run oracle -- --cases N --seed S`: random objects and edits against a real API server; every verdict must name exactly the edited fields.
import { parseArgs } from 'node:util';
import { runLongTest } from './longTest.mjs';
import { isProgram, isProjectNode, main, ToolError, underProjectNode } from './main.mjs';
import { CONTROL_PLANE, DEPENDENCIES, PEERS, RENDERER } from './setup.mjs';
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
  await runSteps([DEPENDENCIES, ...CONTROL_PLANE, RENDERER, ...PEERS], signal);
  return runLongTest('engine/drift/oracle.test.ts', { environment, timeoutMs: 7_200_000, signal });
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => (isProjectNode() ? runOracle(args, signal) : underProjectNode(import.meta.url, args, signal)));
}
