import type { SchemaDocument, TypeSchema } from '../model/schema.ts';

const METADATA_DOCUMENT: SchemaDocument = {
  groupVersion: '',
  hash: '',
  origin: 'unknown',
  kinds: {},
  definitions: {
    meta: {
      type: 'object',
      properties: {
        labels: { type: 'object', values: { type: 'string' } },
        annotations: { type: 'object', values: { type: 'string' } },
        finalizers: { type: 'array', listType: 'set', items: { type: 'string' } },
        ownerReferences: { type: 'array', listType: 'map', listKeys: ['uid'], items: { type: 'object' } },
      },
    },
  },
};

/** The schema of a kind of which the server publishes none: only `metadata` is known, as every kind has it. */
export const fallbackSchema: TypeSchema = {
  document: METADATA_DOCUMENT,
  node: { type: 'object', properties: { metadata: { ref: 'meta' } }, preserveUnknown: true },
};
