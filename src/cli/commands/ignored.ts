import { keyString } from '../../engine/model/objects.ts';
import { isIncomplete } from '../comparison.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { ignoredText, type IgnoredOf, toIgnoredReport } from '../ignoredReport.ts';
import { compare, isNamed } from './compare.ts';
import type { CommandContext } from './context.ts';

/** `plumbline ignored`: every field that the comparison leaves out, by which rule and why, and the rules that leave out nothing now. */
export async function runIgnored(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint } = context;
  const compared = await compare(context);
  try {
    const lists = compared.comparisons.map(({ application, objects }): IgnoredOf => {
      const list = compared.engine.ignores.ignored(application.id);
      if (args.objects.length === 0) return { application, list };
      const keys = new Set(objects.filter((object) => args.objects.some((name) => isNamed(object, name))).map(({ key }) => keyString(key)));
      return { application, list: { fields: list.fields.filter(({ objectKey }) => keys.has(objectKey)), rules: [] } };
    });
    if (args.output === 'json') output.out(`${JSON.stringify(toIgnoredReport(lists), undefined, 2)}\n`);
    else output.out(ignoredText(lists, paint));
    const isWhole = compared.isWhole && !compared.comparisons.some((comparison) => isIncomplete(comparison));
    return isWhole ? exitCodes.same : exitCodes.notCompared;
  } finally {
    compared.dispose();
  }
}
