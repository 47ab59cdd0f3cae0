import { AppError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { ApplicationRow } from '../engine/model/snapshot.ts';
import type { Arguments } from './arguments.ts';

/**
 * The applications that a command line means: those of `--app` (by name in every environment, or by id) and `--context`; without
 * both, all that have a destination.
 * @throws AppError `cli-no-apps`, `cli-unknown-app`, `cli-misspelt-app`, `cli-no-destination`
 */
export function selectApplications(rows: readonly ApplicationRow[], args: Arguments, repo: string): readonly ApplicationRow[] {
  const named = args.apps.length === 0 ? rows : args.apps.flatMap((app) => matching(rows, app, repo));
  const withDestination = named.filter((row) => row.context !== undefined);
  if (args.apps.length > 0) {
    const without = named.find((row) => row.context === undefined);
    if (without !== undefined && withDestination.length === 0)
      throw new AppError('cli-no-destination', { app: without.id, path: without.path || '.' });
  }
  if (withDestination.length === 0) throw new AppError('cli-no-apps', { repo });
  const chosen = withDestination.filter((row) => args.context === undefined || row.context === args.context);
  return [...new Map(chosen.map((row) => [row.id, row])).values()];
}

/** The applications that one `--app` means. */
export function matching(rows: readonly ApplicationRow[], app: string, repo: string): readonly ApplicationRow[] {
  const found = rows.filter((row) => row.id === app || row.name === app);
  if (found.length > 0) return found;
  const near = nearest(app, [...new Set(rows.flatMap((row) => [row.id, row.name]))]);
  const apps = rows.map((row) => row.id);
  throw new AppError(near === undefined ? 'cli-unknown-app' : 'cli-misspelt-app', { app, repo, near, apps });
}
