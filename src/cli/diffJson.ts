import type { FileRange } from '../engine/model/application.ts';
import { formatPath } from '../engine/model/fieldPath.ts';
import type { JsonValue } from '../engine/model/json.ts';
import { keyString, type ObjectKey } from '../engine/model/objects.ts';
import type { FieldDifference, Verdict } from '../engine/model/states.ts';
import type { ExtraneousObject } from '../engine/sessions/extraneous.ts';
import type { TrackedObject } from '../engine/sessions/trackedObject.ts';
import type { Comparison, Counters } from './comparison.ts';
import { isDifferent, isOpen, judgedObjects } from './comparison.ts';
import { type ReportedReason, toReason, withReason } from './reasons.ts';

/** Version of the JSON that `plumbline diff --output json` prints; its schema is media/plumbline-diff.schema.json. */
const diffApiVersion = 'plumbline.dev/diff/v1';

/** One differing field. Lines are 1-based; Secret values stand as masks. */
export interface ReportedField {
  readonly path: string;
  readonly change: string;
  readonly direction: string;
  readonly git?: JsonValue;
  readonly live?: JsonValue;
  readonly manager?: string;
  readonly time?: string;
  readonly confirmed: boolean;
  readonly cosmetic: boolean;
  readonly masked: boolean;
  readonly file?: string;
  readonly line?: number;
}

/** One object with its verdict. */
export interface ReportedObject {
  /** `group/Kind/namespace/name`; the core group and cluster scope are empty */
  readonly key: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly verdict: string;
  readonly proof: string;
  readonly reason?: ReportedReason;
  readonly owner: string;
  readonly file?: string;
  readonly line?: number;
  readonly fields: readonly ReportedField[];
  readonly ignored: readonly { readonly path: string; readonly by: string }[];
  /** of an object that only is live: whether and when its owner deletes it */
  readonly forecast?: readonly ReportedReason[];
}

/** What `plumbline diff --output json` prints. */
export interface DiffReport {
  readonly apiVersion: typeof diffApiVersion;
  readonly applications: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly environment?: string;
    readonly context?: string;
    readonly namespace?: string;
    readonly owner: string;
    readonly source: { readonly type: string; readonly path: string };
    readonly ref?: string;
    readonly commit?: string;
    readonly reasons: readonly ReportedReason[];
    readonly objects: readonly ReportedObject[];
  }[];
  readonly summary: Readonly<Record<'objects' | 'different' | 'notCompared' | 'fields', number>> & {
    readonly byVerdict: Readonly<Record<string, number>>;
  };
  readonly counters: Counters;
}

/** The report of some comparisons. */
export function toDiffReport(comparisons: readonly Comparison[], counters: Counters): DiffReport {
  const objects = comparisons.flatMap((comparison) => judgedObjects(comparison));
  const byVerdict: Record<string, number> = {};
  for (const { verdict } of objects) byVerdict[verdict.state] = (byVerdict[verdict.state] ?? 0) + 1;
  return {
    apiVersion: diffApiVersion,
    applications: comparisons.map((comparison) => toApplication(comparison)),
    summary: {
      objects: objects.length,
      different: objects.filter((object) => isDifferent(object)).length,
      notCompared: objects.filter((object) => isOpen(object)).length,
      fields: objects.flatMap(({ verdict }) => verdict.fields.filter((field) => !field.isCosmetic)).length,
      byVerdict,
    },
    counters,
  };
}

function toApplication(comparison: Comparison): DiffReport['applications'][number] {
  const { application, state, reasons, refName, commit, objects, extraneous } = comparison;
  const { id, name, owner, source, destination } = application;
  return {
    id,
    name,
    state,
    ...(destination?.environment === undefined ? {} : { environment: destination.environment }),
    ...(destination === undefined ? {} : { context: destination.context, namespace: destination.namespace }),
    owner,
    source: { type: source.type, path: source.path },
    ...(refName === undefined ? {} : { ref: refName }),
    ...(commit === undefined ? {} : { commit }),
    reasons: reasons.map((reason) => toReason(reason)),
    objects: [...objects.map((object) => toObject(object, owner)), ...extraneous.map((object) => toExtraneous(object, owner))],
  };
}

function toObject({ key, desired, verdict, mark, header, fieldRanges }: TrackedObject, owner: string): ReportedObject {
  return {
    ...toHead(key, desired.apiVersion, verdict, mark?.owner ?? owner),
    ...place(header),
    fields: verdict.fields.map((field) => toField(field, fieldRanges.get(field.id) ?? field.source ?? header)),
    ignored: verdict.ignored.map(({ id, by }) => ({ path: id, by })),
  };
}

function toExtraneous({ key, live, verdict, mark, forecast }: ExtraneousObject, owner: string): ReportedObject {
  return {
    ...toHead(key, live.apiVersion, verdict, mark?.owner ?? owner),
    fields: [],
    ignored: [],
    ...(forecast.length === 0 ? {} : { forecast: forecast.map((reason) => toReason(reason)) }),
  };
}

function toHead(key: ObjectKey, apiVersion: string, verdict: Verdict, owner: string): Omit<ReportedObject, 'fields' | 'ignored'> {
  const { kind, namespace, name } = key;
  const { state, proof, reason } = verdict;
  return { key: keyString(key), apiVersion, kind, namespace, name, verdict: state, proof, ...withReason(reason), owner };
}

function toField(field: FieldDifference, source: FileRange | undefined): ReportedField {
  return {
    path: formatPath(field.path),
    change: field.change,
    direction: field.direction,
    ...(field.git === undefined ? {} : { git: field.git }),
    ...(field.live === undefined ? {} : { live: field.live }),
    ...(field.writer === undefined ? {} : { manager: field.writer.manager }),
    ...(field.writer?.time === undefined ? {} : { time: field.writer.time }),
    confirmed: field.isConfirmed,
    cosmetic: field.isCosmetic,
    masked: field.isMasked,
    ...place(source),
  };
}

/** A place of the repo as reports have it: its file, and its line from 1; nothing where none is known. */
export function place(source: FileRange | undefined): { file?: string; line?: number } {
  return source === undefined ? {} : { file: source.file, line: source.startLine + 1 };
}
