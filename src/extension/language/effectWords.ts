import type { EditedField, EditedObject } from '../../engine/model/edits.ts';
import type { Localizer } from '../words/localizer.ts';

const mostFields = 4;

/** What edits do to one object, in one line: `Deployment/web: 2 fields`. */
export function effectLine({ object, change, fields }: EditedObject, l10n: Localizer): string {
  if (change === 'create') return l10n.t('{0}: new', object);
  if (change === 'remove') return l10n.t('{0}: removed from Git', object);
  return fields.length === 1 ? l10n.t('{0}: 1 field', object) : l10n.t('{0}: {1} fields', object, fields.length);
}

/** The first fields that edits change: `spec.replicas: 2 → 4, live 5`. */
export function effectDetail({ fields }: EditedObject, l10n: Localizer): string {
  const shown = fields.slice(0, mostFields).map((field) => fieldLine(field, l10n));
  const rest = fields.length - mostFields;
  return [...shown, ...(rest > 0 ? [l10n.t('+{0} more', rest)] : [])].join('  |  ');
}

function fieldLine({ id, git, working, live, isLive }: EditedField, l10n: Localizer): string {
  const text = `${id}: ${git ?? l10n.t('not set')} → ${working ?? l10n.t('not set')}`;
  if (isLive) return l10n.t('{0}, already live', text);
  return live === git ? text : l10n.t('{0}, live: {1}', text, live ?? l10n.t('not set'));
}
