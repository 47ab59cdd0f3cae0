import { isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { ApplicationFinder } from '../apps/applications.ts';
import { configFileName, type DeclaredApplication, parseConfig } from '../apps/configFile.ts';
import { recogniseSource } from '../apps/convention.ts';
import type { Application } from '../model/application.ts';
import { canonicalJson, type JsonValue } from '../model/json.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Reason } from '../model/states.ts';

/** An application's definition as two trees have it. */
export interface Definitions {
  /** as it was at the revision; today's where plumbline.yaml did not declare it */
  readonly then: Application;
  /** as it is after the roll back */
  readonly after: Application;
  /** plumbline.yaml with the application's entry as it was; absent when nothing of it has to change */
  readonly configText?: string;
  /** what a reader has to know of the entry */
  readonly note?: Reason;
}

/** What an entry says of the render, as a text that is equal when that is. */
export function renderedEntry({ path, namespace, helm }: DeclaredApplication): string {
  return canonicalJson({ path, namespace, helm: helm ?? null } as unknown as JsonValue);
}

/**
 * Finds what an application's entry in plumbline.yaml was, and the text that brings it back. Only what moves the render counts: path,
 * namespace and Helm's parameters.
 * @param now the files that the roll back goes on
 * @param then the files of the revision
 */
export async function definitionsOf(
  application: Application,
  now: SourceTree,
  then: SourceTree,
  signal: AbortSignal,
): Promise<Definitions> {
  const [textNow, textThen] = await Promise.all([textOf(now), textOf(then)]);
  const details = { application: application.name };
  const asToday = { ...application, source: await recognised(application, then) };
  if (application.origin !== 'plumbline.yaml' || textNow === undefined) return { then: asToday, after: asToday };
  const [entryNow, entryThen] = [textNow, textThen].map((text) => (text === undefined ? undefined : entryOf(text, application)));
  if (entryNow === undefined) return { then: asToday, after: asToday };
  if (entryThen === undefined || textThen === undefined) {
    return { then: asToday, after: asToday, note: { code: 'rollback-undeclared', details } };
  }
  if (renderedEntry(entryNow) === renderedEntry(entryThen)) return { then: asToday, after: asToday };
  const found = await new ApplicationFinder(application.repoRoot).find(then, {}, undefined, signal);
  const was = found.applications.find(({ id, origin }) => id === application.id && origin === 'plumbline.yaml');
  if (was === undefined) return { then: asToday, after: asToday, note: { code: 'rollback-undeclared', details } };
  const configText = restoredEntry(textNow, textThen, application);
  if (configText === undefined) return { then: was, after: asToday, note: { code: 'rollback-entry-kept', details } };
  const { destination } = application;
  const namespace = was.destination?.namespace;
  const after = {
    ...application,
    source: was.source,
    ...(destination === undefined || namespace === undefined ? {} : { destination: { ...destination, namespace } }),
  };
  return { then: was, after, configText, note: { code: 'rollback-entry', details } };
}

/**
 * A text of plumbline.yaml in which one application's entry is as another text has it; all else stays byte for byte.
 * @returns undefined where that cannot be done safely: aliases, entries in one text block and in the other flow, other entries that would change
 */
export function restoredEntry(now: string, then: string, application: Pick<Application, 'name' | 'destination'>): string | undefined {
  const [into, from] = [itemRange(now, application), itemRange(then, application)];
  if (into === undefined || from === undefined) return undefined;
  const eol = now.includes('\r\n') ? '\r\n' : '\n';
  const shift = into.column - from.column;
  const lines = then.slice(from.start, from.end).replaceAll('\r\n', '\n').split('\n');
  const moved = lines.map((line, index) => (index === 0 || line.trim() === '' ? line : reindented(line, shift)));
  if (moved.some((line) => line === undefined)) return undefined;
  const text = `${now.slice(0, into.start)}${moved.join(eol)}${now.slice(into.end)}`;
  return isOnlyThatEntry(now, then, text, application) ? text : undefined;
}

function reindented(line: string, shift: number): string | undefined {
  if (shift >= 0) return `${' '.repeat(shift)}${line}`;
  return line.slice(0, -shift).trim() === '' ? line.slice(-shift) : undefined;
}

function isOnlyThatEntry(now: string, then: string, result: string, application: Pick<Application, 'name' | 'destination'>): boolean {
  const [before, was, after] = [now, then, result].map((text) => parseConfig(text));
  if (before === undefined || was === undefined || after === undefined) return false;
  if (after.problems.some(({ severity }) => severity === 'error') && before.problems.length === 0) return false;
  if (canonicalJson(before.environments.map(bare)) !== canonicalJson(after.environments.map(bare))) return false;
  const wanted = before.applications.map((entry) => (isEntryOf(entry, application) ? entryOf(then, application) : entry));
  return (
    canonicalJson(wanted.map((entry) => (entry === undefined ? null : sayingOf(entry)))) === canonicalJson(after.applications.map(sayingOf))
  );
}

function bare({ declaredAt: _place, ...environment }: { readonly declaredAt?: unknown }): JsonValue {
  return environment;
}

/** All that an entry says, without places. */
function sayingOf({ name, environment, path, namespace, helm, prune, ignore }: DeclaredApplication): JsonValue {
  const rules = ignore.map(({ declaredBy: _place, ...rule }) => rule);
  return { name, environment: environment.name, path, namespace, helm: helm ?? null, prune, ignore: rules } as unknown as JsonValue;
}

function isEntryOf(entry: DeclaredApplication, { name, destination }: Pick<Application, 'name' | 'destination'>): boolean {
  return entry.name === name && entry.environment.name === destination?.environment;
}

/** The entry of an application in a text of plumbline.yaml. */
export function entryOf(text: string, application: Pick<Application, 'name' | 'destination'>): DeclaredApplication | undefined {
  return parseConfig(text).applications.find((entry) => isEntryOf(entry, application));
}

/** Offsets of an entry's text, and the column that it starts in. */
function itemRange(
  text: string,
  { name, destination }: Pick<Application, 'name' | 'destination'>,
): { readonly start: number; readonly end: number; readonly column: number } | undefined {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  const list: unknown = document.get('applications');
  if (document.errors.length > 0 || !isSeq(list)) return undefined;
  const item = list.items.find(
    (each) => isMap(each) && textAt(each, 'name') === name && textAt(each, 'environment') === destination?.environment,
  );
  if (!isMap(item)) return undefined;
  const start = item.flow === true ? item.range?.[0] : firstKey(item)?.range?.[0];
  const end = item.range?.[1];
  if (start === undefined || end === undefined) return undefined;
  return { start, end: start + text.slice(start, end).trimEnd().length, column: start - (text.lastIndexOf('\n', start - 1) + 1) };
}

function firstKey(map: { readonly items: readonly { readonly key: unknown }[] }): Node | undefined {
  const key = map.items[0]?.key;
  return isScalar(key) ? key : undefined;
}

function textAt(map: { get(key: string): unknown }, key: string): string | undefined {
  const value = map.get(key);
  return typeof value === 'string' ? value : undefined;
}

async function recognised(application: Application, tree: SourceTree): Promise<Application['source']> {
  const { source } = application;
  if (source.helm !== undefined) return source;
  return { ...source, type: (await recogniseSource(tree, source.path)) ?? source.type };
}

async function textOf(tree: SourceTree): Promise<string | undefined> {
  const bytes = await tree.read(configFileName);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
