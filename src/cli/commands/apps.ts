import { placeText } from '../../engine/model/application.ts';
import { join, resolve } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { configFileName } from '../../engine/apps/configFile.ts';
import type { Engine } from '../../engine/engine.ts';
import { describe } from '../../engine/model/describe.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { matching } from '../selection.ts';
import { safeText } from '../style.ts';
import { createEngine } from '../workspaceOf.ts';
import type { CommandContext } from './context.ts';

/** Version of the JSON that `plumbline apps --output json` prints. */
const appsApiVersion = 'plumbline.dev/apps/v1';

/**
 * Opens the repo of the command line; problems of plumbline.yaml are told on standard error with file and line.
 * @returns whether what is declared could be read whole
 * @throws AppError when the folder is in no repository
 */
export async function openRepo(engine: Engine, { args, cwd, output, paint, signal }: CommandContext): Promise<boolean> {
  await engine.openFolder(resolve(cwd, args.repo), signal);
  const [repo] = engine.repos();
  const stray = repo?.problems.find(({ code }) => code === 'git-not-a-repository');
  if (repo === undefined || stray !== undefined) throw new AppError('git-not-a-repository', stray?.details ?? { folder: args.repo });
  const problems = engine.problems(join(repo.root, configFileName));
  for (const { range, reason, severity } of problems) {
    const text = `${placeText(range)}: ${describe(reason.code, reason.details)}`;
    output.err(`${paint(severity === 'error' ? 'bad' : 'warning', safeText(text))}\n`);
  }
  return problems.every(({ severity }) => severity !== 'error');
}

/** `plumbline apps`: what is declared in the repo, or found in it; contacts no cluster. */
export async function runApps(context: CommandContext): Promise<ExitCode> {
  const { args, output } = context;
  const engine = await createEngine(args, context);
  try {
    const isWhole = await openRepo(engine, context);
    const all = engine.applications();
    const rows = (args.apps.length === 0 ? all : args.apps.flatMap((app) => matching(all, app, args.repo))).filter(
      (row) => args.context === undefined || row.context === args.context,
    );
    const problems = engine.repos().flatMap((repo) => repo.problems);
    if (args.output === 'json') {
      const reasons = problems.map(({ code, details }) => ({ code, message: describe(code, details) }));
      output.out(
        `${JSON.stringify({ apiVersion: appsApiVersion, applications: rows.map((row) => toJson(row)), problems: reasons }, undefined, 2)}\n`,
      );
    } else output.out(table(rows));
    return isWhole ? exitCodes.same : exitCodes.usage;
  } finally {
    engine.dispose();
  }
}

function toJson(row: ApplicationRow): Record<string, unknown> {
  const { id, name, environment, context, namespace, owner, origin, sourceType, path, isProtected, declaredAt } = row;
  const place = declaredAt === undefined ? {} : { file: declaredAt.file, line: declaredAt.startLine + 1 };
  return { id, name, environment, context, namespace, owner, origin, source: { type: sourceType, path }, protected: isProtected, ...place };
}

function table(rows: readonly ApplicationRow[]): string {
  const cells = rows.map((row) => [row.id, row.context ?? '-', row.namespace ?? '-', row.sourceType, row.path || '.', row.origin]);
  const lines = [['APPLICATION', 'CONTEXT', 'NAMESPACE', 'TYPE', 'PATH', 'FROM'], ...cells].map((line) =>
    line.map((cell) => safeText(cell)),
  );
  const widths = lines.reduce<number[]>((wide, line) => line.map((cell, index) => Math.max(wide[index] ?? 0, cell.length)), []);
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
