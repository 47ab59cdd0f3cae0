import { isDifferent, isIncomplete, judgedObjects } from '../comparison.ts';
import { toDiffReport } from '../diffJson.ts';
import { diffText } from '../diffText.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { compare } from './compare.ts';
import type { CommandContext } from './context.ts';

/** `plumbline diff`: differences between Git and the cluster. An incomplete comparison is never taken for "no difference". */
export async function runDiff(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint, now } = context;
  const compared = await compare(context);
  try {
    const { comparisons, counters, isWhole } = compared;
    if (args.output === 'json') output.out(`${JSON.stringify(toDiffReport(comparisons, counters), undefined, 2)}\n`);
    else output.out(`${diffText(comparisons, counters, { paint, nowMs: now() })}\n`);
    if (!isWhole || comparisons.some((comparison) => isIncomplete(comparison))) return exitCodes.notCompared;
    const isClean = comparisons.every((comparison) => !judgedObjects(comparison).some((object) => isDifferent(object)));
    return isClean ? exitCodes.same : exitCodes.differences;
  } finally {
    compared.dispose();
  }
}
