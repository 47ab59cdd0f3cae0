import type { ApplicationRow } from '../../engine/model/snapshot.ts';

/** A parsed filter: every term must hold. */
export interface Filter {
  readonly text: string;
  readonly terms: readonly FilterTerm[];
}

type FilterTerm = { readonly field: FilterField | 'any'; readonly value: string };

/** Fields that a filter can name, as in `state:drifted`. */
export const filterFields = ['state', 'health', 'environment', 'cluster', 'namespace', 'owner', 'path'] as const;
type FilterField = (typeof filterFields)[number];

/** The filter that lets everything through. */
export const noFilter: Filter = { text: '', terms: [] };

/**
 * Parses what the user typed: words that must each occur, and `field:value` terms; quotes keep spaces (`state:"out of sync"`).
 * A name before a colon that is no field is searched for as it is.
 */
export function parseFilter(text: string): Filter {
  const terms: FilterTerm[] = [];
  for (const [, field = '', quoted, plain = ''] of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const value = (quoted ?? plain).toLowerCase();
    const name = filterFields.find((candidate) => candidate === field.toLowerCase());
    if (name !== undefined) terms.push({ field: name, value });
    else terms.push({ field: 'any', value: field === '' ? value : `${field.toLowerCase()}:${value}` });
  }
  return { text: text.trim(), terms };
}

/** Whether an application passes a filter. */
export function matchesFilter(row: ApplicationRow, filter: Filter): boolean {
  return filter.terms.every((term) =>
    term.field === 'any'
      ? filterFields.some((field) => contains(valueOf(row, field), term.value)) || contains(row.name, term.value)
      : contains(valueOf(row, term.field), term.value),
  );
}

function contains(text: string | undefined, value: string): boolean {
  return text?.toLowerCase().includes(value) === true;
}

function valueOf(row: ApplicationRow, field: FilterField): string | undefined {
  switch (field) {
    case 'state':
      return row.staleSinceMs === undefined ? row.state : `${row.state} stale`;
    case 'health':
      return row.health?.status;
    case 'environment':
      return row.environment;
    case 'cluster':
      return row.context;
    case 'namespace':
      return row.namespace;
    case 'owner':
      return row.owner;
    case 'path':
      return row.path;
  }
}
