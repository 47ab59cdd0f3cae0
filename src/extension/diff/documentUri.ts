import { displayName, parseKeyString } from '../../engine/model/objects.ts';
import { sidePairs } from '../../engine/model/sides.ts';
import type { Side } from '../../engine/model/sides.ts';

/** What a read-only document shows. */
export type DocumentSubject =
  | {
      readonly type: 'side';
      readonly applicationId: string;
      readonly key: string;
      readonly side: Side;
      /** where an object stands in a view with several pairs of sides: the pair in words */
      readonly pair?: string;
    }
  | { readonly type: 'live'; readonly context: string; readonly apiVersion: string; readonly key: string }
  | { readonly type: 'events'; readonly context: string; readonly key: string }
  | { readonly type: 'logs'; readonly context: string; readonly namespace: string; readonly pod: string; readonly container: string }
  | { readonly type: 'rendered'; readonly id: string; readonly applicationId: string; readonly key: string }
  | { readonly type: 'plan'; readonly id: string; readonly extension: PlanLanguage };

/** What a plan's document is highlighted as: a sync plan, a patch, or plain text. */
export type PlanLanguage = 'txt' | 'plumbline-plan' | 'diff';

/** Path and query of a document's URI. The path is for people (the tab shows its last part), the query identifies. */
export interface DocumentAddress {
  readonly path: string;
  readonly query: string;
}

/** The address of a subject: the same for the same subject, and without any value of the object. */
export function toAddress(subject: DocumentSubject): DocumentAddress {
  return { path: `/${pathOf(subject).map(segment).join('/')}`, query: JSON.stringify(subject) };
}

/**
 * Reads the subject from the query of a URI.
 * @returns undefined for what {@link toAddress} did not make
 */
export function parseAddress(query: string): DocumentSubject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(query);
  } catch {
    // Any extension may open a URI of our scheme; a broken one has no document.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const text = (name: string): string | undefined => {
    const found = (value as Readonly<Record<string, unknown>>)[name];
    return typeof found === 'string' ? found : undefined;
  };
  const applicationId = text('applicationId');
  const key = text('key');
  const context = text('context');
  switch (value.type) {
    case 'side': {
      const side = toSide(text('side'));
      const pair = text('pair');
      return applicationId === undefined || key === undefined || side === undefined
        ? undefined
        : { type: 'side', applicationId, key, side, ...(pair === undefined ? {} : { pair }) };
    }
    case 'live': {
      const apiVersion = text('apiVersion');
      return context === undefined || key === undefined || apiVersion === undefined
        ? undefined
        : { type: 'live', context, apiVersion, key };
    }
    case 'events':
      return context === undefined || key === undefined ? undefined : { type: 'events', context, key };
    case 'logs': {
      const namespace = text('namespace');
      const pod = text('pod');
      const container = text('container');
      return context === undefined || namespace === undefined || pod === undefined || container === undefined
        ? undefined
        : { type: 'logs', context, namespace, pod, container };
    }
    case 'rendered': {
      const id = text('id');
      return id === undefined || applicationId === undefined || key === undefined
        ? undefined
        : { type: 'rendered', id, applicationId, key };
    }
    case 'plan': {
      const id = text('id');
      return id === undefined
        ? undefined
        : { type: 'plan', id, extension: text('extension') === 'plumbline-plan' ? 'plumbline-plan' : 'txt' };
    }
    default:
      return undefined;
  }
}

/** Whether a document shows an object whose text may have changed; no keys means every object of the application. */
export function isAffected(subject: DocumentSubject, applicationId: string, keys: readonly string[]): boolean {
  return subject.type === 'side' && subject.applicationId === applicationId && (keys.length === 0 || keys.includes(subject.key));
}

function toSide(text: string | undefined): Side | undefined {
  const named = sidePairs.flatMap((pair): Side[] => [pair.left, pair.right]).find((side) => side === text);
  if (named !== undefined) return named;
  return text !== undefined && /^revision:[\w./-]+$/.test(text) ? (text as Side) : undefined;
}

function pathOf(subject: DocumentSubject): string[] {
  if (subject.type === 'plan') return [`Plan ${subject.id}.${subject.extension}`];
  if (subject.type === 'logs') return [subject.context, subject.namespace, 'Pod', subject.pod, `${subject.pod} (${subject.container}).log`];
  const { kind, namespace, name } = parseKeyString(subject.key);
  switch (subject.type) {
    case 'rendered':
      return [...subject.applicationId.split('/'), namespace, kind, `${name}.yaml`];
    case 'side':
      // Without the side, so that both sides of a diff have one path and the multi-diff editor shows no rename.
      return [...subject.applicationId.split('/'), namespace, kind, ...(subject.pair === undefined ? [] : [subject.pair]), `${name}.yaml`];
    case 'live':
      return [subject.context, namespace, kind, `${name} (live).yaml`];
    case 'events':
      return [subject.context, namespace, displayName({ group: '', kind, namespace, name }).replace('/', ' '), `${name} events.log`];
  }
}

function segment(text: string): string {
  return text === '' || text === '.' || text === '..' ? '_' : text.replaceAll('/', ' ');
}
