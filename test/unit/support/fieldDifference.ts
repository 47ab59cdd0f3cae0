import type { FieldDifference } from '../../../src/engine/model/states.ts';

/** A drifted `spec.replicas` without values, changed as told: what a test of its own does not look at. */
export function fieldDifference(more: Partial<FieldDifference>): FieldDifference {
  return {
    id: 'spec.replicas',
    path: [{ field: 'spec' }, { field: 'replicas' }],
    change: 'changed',
    direction: 'drifted',
    isConfirmed: true,
    isCosmetic: false,
    isMasked: false,
    ...more,
  };
}
