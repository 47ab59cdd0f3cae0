import type { JsonValue } from '../model/json.ts';

/** One document of a text: its value, and the line (from 0) on which its content starts. */
export interface PlainDocument {
  readonly value: JsonValue;
  readonly index: number;
  readonly startLine: number;
}

/** Thrown inside this file at whatever is not plain; never leaves it. */
class NotPlain extends Error {
  override readonly name = 'NotPlain';
}

const MAX_DEPTH = 64;
const MAX_CHARS = 1 << 20;
/** Tabs, carriage returns, control characters, other line breaks, byte order marks, characters beyond the basic plane. */
const UNUSUAL = /[^\n\x20-\x7e\u00a1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff]/;
/** A key that stands without quotes, or in quotes without escapes, with its colon. */
const KEY = /^(?:([A-Za-z0-9_./][A-Za-z0-9_./-]{0,99})|"([\x20\x21\x23-\x5b\x5d-\x7e]{0,100})"|'([\x20-\x26\x28-\x7e]{0,100})'):(?: +|$)/;
const DOUBLE_QUOTED = /^("(?:[^"\\]|\\["\\/nt])*")(?: +(?:#.*)?)?$/;
const SINGLE_QUOTED = /^'((?:[^']|'')*)'(?: +(?:#.*)?)?$/;
const PLAIN_START = /^[A-Za-z0-9_/$(.<^-]/;
const FLOW_SCALAR = /^(?:([A-Za-z0-9_./][A-Za-z0-9_./-]*)|("(?:[^"\\]|\\["\\/nt])*")|'([^']*)')/;
const FLOW_END = /^ *(?:#.*)?$/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,8}$/;
/** What YAML 1.1 may take for a truth value or nothing, in any spelling. */
const WORD = /^(?:y|n|yes|no|on|off|true|false|null|~|=|<<)$/i;
/** Letters and signs that stand in no number and no time. */
const NO_NUMBER = /[g-np-su-wyG-NP-SU-WY%/@=,]/;
const VERSION = /^[0-9]+(?:\.[0-9]+){2,}$/;

/**
 * Reads plain block-style YAML about ten times as fast as the module: mappings, sequences, quoted and plain scalars on one line, literal
 * blocks, short flow collections. Gives what sigs.k8s.io/yaml gives, keys in its order, or nothing at all: whatever could mean something
 * else there (anchors, tags, folded text, YAML 1.1 numbers, repeated keys, tabs ...) is left to the module.
 * @returns undefined for a text that is not plain
 */
export function readPlainYaml(text: string): readonly PlainDocument[] | undefined {
  if (text.length > MAX_CHARS || !text.endsWith('\n') || UNUSUAL.test(text) || /^[ \n]*[{%]/.test(text)) return undefined;
  const lines = text.split('\n');
  lines.pop();
  const documents: PlainDocument[] = [];
  try {
    let start = 0;
    for (let at = 0; at <= lines.length; at += 1) {
      const line = lines[at];
      if (line?.startsWith('...') === true || line?.startsWith('%') === true) return undefined;
      if (line !== undefined && !line.startsWith('---')) continue;
      if (line !== undefined && !/^--- *(?:$| #)/.test(line)) return undefined;
      const reader = new PlainReader(lines, start, at);
      const startLine = reader.startLine;
      if (startLine !== undefined) documents.push({ value: reader.document(), index: documents.length, startLine });
      start = at + 1;
    }
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
  return documents;
}

class PlainReader {
  readonly #lines: string[];
  readonly #end: number;
  #at: number;
  /** of the line at {@link #at}; -1 at the end */
  #indent = -1;

  constructor(lines: string[], start: number, end: number) {
    this.#lines = lines;
    this.#end = end;
    this.#at = start;
    this.#skip();
  }

  /** undefined: nothing but white space and comments */
  get startLine(): number | undefined {
    return this.#indent < 0 ? undefined : this.#at;
  }

  document(): JsonValue {
    const value = this.#block(this.#indent, 0);
    if (this.#indent >= 0) throw new NotPlain();
    return value;
  }

  /** Goes to the next line with content, this one included. */
  #skip(): void {
    for (; this.#at < this.#end; this.#at += 1) {
      const line = this.#lines[this.#at] ?? '';
      let indent = 0;
      while (line.charCodeAt(indent) === 32) indent += 1;
      if (indent === line.length || line.charCodeAt(indent) === 35) continue;
      this.#indent = indent;
      return;
    }
    this.#indent = -1;
  }

  #next(): void {
    this.#at += 1;
    this.#skip();
  }

  #content(indent: number): string {
    return (this.#lines[this.#at] ?? '').slice(indent);
  }

  #block(indent: number, depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new NotPlain();
    return isItem(this.#content(indent)) ? this.#sequence(indent, depth) : this.#mapping(indent, depth);
  }

  #mapping(indent: number, depth: number): JsonValue {
    const names: string[] = [];
    const values = new Map<string, JsonValue>();
    while (this.#indent === indent) {
      const content = this.#content(indent);
      const match = KEY.exec(content);
      if (match === null) {
        if (isItem(content)) break;
        throw new NotPlain();
      }
      const name = keyOf(match);
      if (values.has(name)) throw new NotPlain();
      names.push(name);
      values.set(name, this.#value(content.slice(match[0].length), indent, depth, true));
    }
    if (this.#indent > indent || (this.#indent === indent && names.length === 0)) throw new NotPlain();
    return sortedObject(names, values);
  }

  #sequence(indent: number, depth: number): JsonValue {
    const items: JsonValue[] = [];
    while (this.#indent === indent) {
      const content = this.#content(indent);
      if (!isItem(content)) break;
      let offset = 1;
      while (content.charCodeAt(offset) === 32) offset += 1;
      const rest = content.slice(offset);
      if (rest !== '' && (isItem(rest) || KEY.test(rest))) {
        // What stands behind the dash is a block of its own, as if it stood on a line of its own.
        this.#lines[this.#at] = ' '.repeat(indent + offset) + rest;
        this.#indent = indent + offset;
        items.push(this.#block(indent + offset, depth + 1));
      } else items.push(this.#value(rest, indent, depth, false));
    }
    if (this.#indent > indent) throw new NotPlain();
    return items;
  }

  /** The value that follows a key or a dash; goes to the line after it. */
  #value(rest: string, indent: number, depth: number, isInMapping: boolean): JsonValue {
    const first = rest.charAt(0);
    if (first === '' || first === '#') {
      this.#next();
      if (this.#indent > indent) return this.#block(this.#indent, depth + 1);
      return isInMapping && this.#indent === indent && isItem(this.#content(indent)) ? this.#sequence(indent, depth + 1) : null;
    }
    if (first === '|') return this.#literal(rest, indent);
    const value = first === '[' || first === '{' ? flow(rest) : scalar(rest);
    this.#next();
    // A scalar that goes on in the next line.
    if (this.#indent > indent) throw new NotPlain();
    return value;
  }

  #literal(header: string, parent: number): JsonValue {
    const chomp = /^\|([-+]?) *$/.exec(header)?.[1];
    if (chomp === undefined) throw new NotPlain();
    const first = this.#at + 1;
    let at = first;
    while (at < this.#end && isBlank(this.#lines[at] ?? '')) at += 1;
    const indent = /^ */.exec(this.#lines[at] ?? '')?.[0].length ?? 0;
    if (at >= this.#end || indent <= parent) throw new NotPlain();
    const margin = ' '.repeat(indent);
    const parts: string[] = [];
    let filled = 0;
    for (at = first; at < this.#end; at += 1) {
      const line = this.#lines[at] ?? '';
      const isShort = line.length <= indent && isBlank(line);
      if (!isShort && !line.startsWith(margin)) break;
      // An empty line before the text that is longer than its indentation is an error.
      if (filled === 0 && !isShort && isBlank(line)) throw new NotPlain();
      parts.push(isShort ? '' : line.slice(indent));
      if (!isShort) filled = parts.length;
    }
    this.#at = at;
    this.#skip();
    if (this.#indent > parent) throw new NotPlain();
    const kept = chomp === '+' ? parts : parts.slice(0, filled);
    return kept.join('\n') + (chomp === '-' ? '' : '\n');
  }
}

function isItem(content: string): boolean {
  return content.charCodeAt(0) === 45 && (content.length === 1 || content.charCodeAt(1) === 32);
}

function isBlank(line: string): boolean {
  for (let at = 0; at < line.length; at += 1) if (line.charCodeAt(at) !== 32) return false;
  return true;
}

function keyOf(match: RegExpExecArray): string {
  const plain = match[1];
  const name = plain ?? match[2] ?? match[3] ?? '';
  if (name === '__proto__' || name === '<<' || (plain !== undefined && typeof resolved(plain) !== 'string')) throw new NotPlain();
  return name;
}

/** An object with its keys in the order in which Go writes them. */
function sortedObject(names: string[], values: ReadonlyMap<string, JsonValue>): JsonValue {
  const object: Record<string, JsonValue> = {};
  for (const name of names.sort()) object[name] = values.get(name) ?? null;
  return object;
}

function scalar(rest: string): JsonValue {
  switch (rest.charCodeAt(0)) {
    case 34: {
      const quoted = DOUBLE_QUOTED.exec(rest)?.[1];
      if (quoted === undefined) throw new NotPlain();
      return JSON.parse(quoted) as string;
    }
    case 39: {
      const quoted = SINGLE_QUOTED.exec(rest)?.[1];
      if (quoted === undefined) throw new NotPlain();
      return quoted.replaceAll("''", "'");
    }
    default: {
      const comment = rest.indexOf(' #');
      const plain = (comment < 0 ? rest : rest.slice(0, comment)).replace(/ +$/, '');
      if (!PLAIN_START.test(plain) || plain.includes(': ') || plain.endsWith(':') || isItem(plain)) throw new NotPlain();
      return resolved(plain);
    }
  }
}

/** What a plain scalar is under YAML 1.1 as Kubernetes reads it, where that is beyond doubt. */
function resolved(plain: string): JsonValue {
  const first = plain.charCodeAt(0);
  const isNumeric = (first >= 48 && first <= 57) || first === 45 || first === 46;
  if (!isNumeric) {
    if (plain.length > 5 || !WORD.test(plain)) return plain;
    if (plain === 'true' || plain === 'false') return plain === 'true';
    if (plain === 'null') return null;
    throw new NotPlain();
  }
  if (INTEGER.test(plain) || DECIMAL.test(plain)) return Number(plain);
  if (first === 46 && !/^\.[/a-hj-mo-zA-HJ-MO-Z]/.test(plain)) throw new NotPlain();
  if (first === 45 && !/^-[0-9]/.test(plain)) {
    if (/^-[.+]/.test(plain)) throw new NotPlain();
    return plain;
  }
  if (first === 46 || NO_NUMBER.test(plain) || VERSION.test(plain)) return plain;
  throw new NotPlain();
}

/** A flow collection on one line, of scalars that need no second look. */
function flow(text: string): JsonValue {
  const [value, rest] = flowValue(text, 0);
  if (!FLOW_END.test(rest) || rest.startsWith('#')) throw new NotPlain();
  return value;
}

function flowValue(text: string, depth: number): readonly [JsonValue, string] {
  if (depth > 4) throw new NotPlain();
  if (text.startsWith('[')) return flowList(text, depth);
  if (text.startsWith('{')) return flowMap(text, depth);
  const match = FLOW_SCALAR.exec(text);
  if (match === null) throw new NotPlain();
  return [flowScalar(match), text.slice(match[0].length)];
}

function flowScalar([, plain, double, single]: RegExpExecArray): JsonValue {
  if (plain !== undefined) return resolved(plain);
  return double === undefined ? (single ?? '') : (JSON.parse(double) as string);
}

function flowList(text: string, depth: number): readonly [JsonValue, string] {
  const items: JsonValue[] = [];
  let rest = text.slice(1).replace(/^ +/, '');
  while (!rest.startsWith(']')) {
    const [value, after] = flowValue(rest, depth + 1);
    items.push(value);
    rest = afterFlowItem(after, ']');
  }
  return [items, rest.slice(1)];
}

function flowMap(text: string, depth: number): readonly [JsonValue, string] {
  const names: string[] = [];
  const values = new Map<string, JsonValue>();
  let rest = text.slice(1).replace(/^ +/, '');
  while (!rest.startsWith('}')) {
    const match = KEY.exec(rest);
    if (match?.[0].endsWith(' ') !== true) throw new NotPlain();
    const name = keyOf(match);
    if (values.has(name)) throw new NotPlain();
    const [value, after] = flowValue(rest.slice(match[0].length), depth + 1);
    names.push(name);
    values.set(name, value);
    rest = afterFlowItem(after, '}');
  }
  return [sortedObject(names, values), rest.slice(1)];
}

function afterFlowItem(text: string, close: string): string {
  const rest = text.replace(/^ +/, '');
  if (rest.startsWith(close)) return rest;
  if (!rest.startsWith(', ')) throw new NotPlain();
  const next = rest.slice(2).replace(/^ +/, '');
  // A comma before the end.
  if (next.startsWith(close)) throw new NotPlain();
  return next;
}
