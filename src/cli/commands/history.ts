import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { type ApplicationHistory, historyText, toHistoryReport } from '../historyReport.ts';
import { compare } from './compare.ts';
import type { CommandContext } from './context.ts';

/** `plumbline history`: the syncs that the ledger of each application records, newest first. */
export async function runHistory(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint, now, signal } = context;
  const compared = await compare(context);
  try {
    const histories: ApplicationHistory[] = [];
    for (const { application } of compared.comparisons) {
      histories.push({ application, history: await compared.engine.syncs.history(application.id, signal) });
    }
    if (args.output === 'json') output.out(`${JSON.stringify(toHistoryReport(histories), undefined, 2)}\n`);
    else output.out(historyText(histories, { paint, nowMs: now() }));
    return histories.some(({ history }) => history.problem !== undefined) ? exitCodes.notCompared : exitCodes.same;
  } finally {
    compared.dispose();
  }
}
