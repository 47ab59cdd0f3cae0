// `npm run chaos -- --minutes M --seed S`: the engine behind a proxy that gets everything wrong; then it must know what a fresh start knows.
import { parseArgs } from 'node:util';
import { runLongTest } from './longTest.mjs';
import { isProgram, isProjectNode, main, ToolError, underProjectNode } from './main.mjs';
import { CONTROL_PLANE, DEPENDENCIES, RENDERER } from './setup.mjs';
import { runSteps } from './steps.mjs';

function amount(text, name) {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new ToolError(`--${name} takes a number, not '${text}'.`);
  return Number(text);
}

/** Runs the chaos test for so long; resolves to its exit code. */
async function runChaos(argv, signal) {
  const { values } = parseArgs({ args: argv, options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const minutes = amount(values.minutes ?? '10', 'minutes');
  const seed = Math.floor(amount(values.seed ?? String(Date.now() % 100_000), 'seed'));
  console.log(`${minutes} minutes, seed ${seed}`);
  await runSteps([DEPENDENCIES, ...CONTROL_PLANE, RENDERER], signal);
  const environment = { CHAOS_SECONDS: String(Math.round(minutes * 60)), CHAOS_SEED: String(seed) };
  return runLongTest('engine/cluster/chaos.test.ts', { environment, timeoutMs: 14_400_000, signal });
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => (isProjectNode() ? runChaos(args, signal) : underProjectNode(import.meta.url, args, signal)));
}
