import type { Reason } from './states.ts';
import { messageTemplates } from './messageTemplates.ts';

/** A message as a template with named places (`{file}`) and what goes into them, ready for `l10n.t(template, args)`. */
export interface Words {
  readonly template: string;
  readonly args: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Turns an error code with its details into words: what failed, why, and the cure. The one place that does so.
 * @param code code of an AppError or Reason; an unknown one is shown as it is
 * @param details the details that came with it
 */
export function words(code: string, details: Reason['details']): Words {
  const args: Record<string, string | number | boolean> = { code };
  for (const [name, value] of Object.entries(details)) {
    if (value !== undefined) args[name] = typeof value === 'object' ? value.join(', ') : value;
  }
  const template = messageTemplates[code] ?? '{code}';
  // The core group has no name: no empty parentheses for it.
  return { template: template.replaceAll(/ \(\{(\w+)\}\)/g, (place, name: string) => (args[name] === '' ? '' : place)), args };
}

/** {@link words} as one English sentence, for terminals and logs. */
export function describe(code: string, details: Reason['details'] = {}): string {
  const { template, args } = words(code, details);
  return template.replaceAll(/\{(\w+)\}/g, (_place, name: string) => String(args[name] ?? '?'));
}
