import type { ApplicationRow, ClusterRow, FieldRow, LineMark, ObjectRow } from '../../../src/engine/model/snapshot.ts';
import type { Localizer } from '../../../src/extension/words/localizer.ts';
import type { WordsContext } from '../../../src/extension/words/rowText.ts';

/** English, with the places filled in as `vscode.l10n` does. */
export const l10n: Localizer = {
  t(message: string, ...args: unknown[]): string {
    const [first] = args;
    const named = typeof first === 'object' && first !== null ? (first as Readonly<Record<string, unknown>>) : undefined;
    return message.replaceAll(/\{(\w+)\}/g, (_place, name: string) => String(named === undefined ? args[Number(name)] : named[name]));
  },
};

/** 12:00 local time of a day in March. */
export const nowMs = new Date(2026, 2, 14, 12, 0).getTime();

/** A moment of that day, or of `daysBefore` days before it, as RFC 3339. */
export function at(hours: number, minutes: number, daysBefore = 0): string {
  return new Date(2026, 2, 14 - daysBefore, hours, minutes).toISOString();
}

export const words: WordsContext = {
  l10n,
  nowMs,
  locale: 'en-GB',
  reasonWords: (reason) => `<${reason.code}>`,
};

export function application(changes: Partial<ApplicationRow> = {}): ApplicationRow {
  return {
    id: 'prod/shop',
    name: 'shop',
    repoRoot: '/repo',
    sourceType: 'kustomize',
    path: 'apps/shop/overlays/prod',
    owner: 'plumbline',
    origin: 'plumbline.yaml',
    environment: 'prod',
    context: 'prod-eu',
    namespace: 'shop',
    isProtected: false,
    state: 'synced',
    reasons: [],
    driftedObjects: 0,
    driftedFields: 0,
    objectCount: 3,
    isEdited: false,
    isComparing: false,
    ...changes,
  };
}

export function cluster(changes: Partial<ClusterRow> = {}): ClusterRow {
  return { context: 'prod-eu', environments: ['prod'], status: 'connected', watchCount: 3, ...changes };
}

export function objectRow(changes: Partial<ObjectRow> = {}): ObjectRow {
  return {
    key: 'apps/Deployment/shop/web',
    applicationId: 'prod/shop',
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    state: 'synced',
    isLive: true,
    hasChildren: false,
    fields: [],
    ignoredCount: 0,
    ...changes,
  };
}

export function fieldRow(changes: Partial<FieldRow> = {}): FieldRow {
  return {
    id: 'spec.replicas',
    change: 'changed',
    direction: 'drifted',
    git: '2',
    live: '5',
    manager: 'kubectl-scale',
    time: at(11, 2),
    isConfirmed: true,
    isMasked: false,
    ...changes,
  };
}

export function lineMark(line: number, changes: Partial<LineMark> = {}): LineMark {
  return {
    range: { file: 'apps/web.yaml', startLine: line, startColumn: 2, endLine: line, endColumn: 13 },
    kind: 'changed',
    applicationId: 'prod/shop',
    applicationName: 'shop',
    environment: 'prod',
    context: 'prod-eu',
    object: 'Deployment/web',
    objectKey: 'apps/Deployment/shop/web',
    fieldId: 'spec.replicas',
    git: '2',
    live: '5',
    manager: 'kubectl-scale',
    time: at(11, 2),
    isEdited: false,
    ...changes,
  };
}
