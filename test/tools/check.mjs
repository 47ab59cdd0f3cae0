// `npm run check`: types, lint, format and the conventions that neither compiler nor linter sees.
import { join } from 'node:path';
import { cacheFolder, exists } from './cache.mjs';
import { isProgram, isProjectNode, main, NODE, ROOT, underProjectNode } from './main.mjs';
import { run } from './processes.mjs';
import { runSteps } from './steps.mjs';

const script = (path) => (signal) =>
  run(NODE, [join(ROOT, 'node_modules', ...path[0].split('/')), ...path.slice(1)], { cwd: ROOT, signal });

/** What a check keeps for its next run, by the contents of the files; the linter cannot, since its rules look into other files, too. */
const kept = (name) => join(cacheFolder(), 'check', name);

/** @type {Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>} */
const CHECKS = {
  types: script([
    'typescript/bin/tsc',
    ...['-p', 'tsconfig.json', '--pretty', 'false', '--incremental', '--tsBuildInfoFile', kept('types.tsbuildinfo')],
  ]),
  lint: script(['eslint/bin/eslint.js', '--max-warnings=0', '.']),
  format: script([
    'prettier/bin/prettier.cjs',
    ...['--check', '--log-level=warn', '--cache', '--cache-strategy=content', '--cache-location', kept('format.json'), '.'],
  ]),
  conventions: async () => {
    const { conventionProblems } = await import('./conventions.mjs');
    const problems = await conventionProblems();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  },
};

/**
 * Runs all checks at once and prints each result.
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runChecks(signal) {
  const results = await Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      const start = Date.now();
      const problem = await check(signal).then(
        () => undefined,
        (error) => error.output || error.message,
      );
      console.log(`  ${problem === undefined ? '✔' : '✖'} ${name}  ${((Date.now() - start) / 1000).toFixed(1)} s`);
      if (problem !== undefined) console.log(`\n${problem.replace(/^/gm, '      ')}\n`);
      return problem === undefined;
    }),
  );
  return { passed: results.filter((ok) => ok).length, failed: results.filter((ok) => !ok).length };
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => {
    if (!isProjectNode()) {
      if (!(await exists(NODE))) {
        const { DEPENDENCIES } = await import('./setup.mjs');
        await runSteps([DEPENDENCIES], signal);
      }
      return underProjectNode(import.meta.url, args, signal);
    }
    return (await runChecks(signal)).failed === 0 ? 0 : 1;
  });
}
