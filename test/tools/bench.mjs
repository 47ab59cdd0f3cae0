// `npm run bench [-- NAME…]`: sets up what the measurements need, then runs those of test/bench under Node 24.
import { isProgram, isProjectNode, main, underProjectNode } from './main.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { BUNDLES, CODE_SERVER, CONTROL_PLANE, DEPENDENCIES, PEERS, RENDERER } from './setup.mjs';
import { runSteps } from './steps.mjs';

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => {
    if (!isProjectNode()) {
      await checkPrerequisites({ go: true, codeServer: true, browser: true });
      await runSteps([DEPENDENCIES, ...CONTROL_PLANE, RENDERER, BUNDLES, CODE_SERVER, ...PEERS], signal);
      return underProjectNode(import.meta.url, args, signal);
    }
    const { runBench } = await import('../bench/bench.ts');
    return runBench(args, signal);
  });
}
