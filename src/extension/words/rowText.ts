import type { HealthStatus } from '../../engine/model/states.ts';
import type { Localizer } from './localizer.ts';
import type { Look } from './states.ts';

/** Everything a tree row shows, as plain data. */
export interface RowText {
  readonly label: string;
  readonly description: string;
  /** Markdown, made when asked for; all that comes from the repo or the cluster is escaped */
  readonly tooltip: () => string;
  /** what a screen reader says: kind, name, state and health in words */
  readonly accessibility: string;
  readonly look: Look;
  /** `plumbline:<kind>[+flag]*`, for `when` clauses */
  readonly contextValue: string;
  readonly health?: HealthStatus;
}

/** What words need besides the row itself. */
export interface WordsContext {
  readonly l10n: Localizer;
  /** epoch milliseconds */
  readonly nowMs: number;
  /** BCP 47 */
  readonly locale?: string;
  /** a reason's code and details as a sentence in the user's language */
  readonly reasonWords: (reason: { readonly code: string; readonly details: Reasons }) => string;
}

type Reasons = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Escapes text for Markdown, so that names and values show as they are. */
export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, '\\$&').replaceAll('\n', ' ');
}

/** Joins the parts that are there with a middle dot. */
export function dotted(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

/** `plumbline:<kind>` with the flags that hold. */
export function contextValue(kind: string, flags: Readonly<Record<string, boolean>>): string {
  const set = Object.entries(flags)
    .filter(([, holds]) => holds)
    .map(([flag]) => `+${flag}`);
  return `plumbline:${kind}${set.join('')}`;
}
