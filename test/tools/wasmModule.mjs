// Reading and writing the sections of a WebAssembly module (https://webassembly.github.io/spec/core/binary/modules.html).

export const SECTION = { custom: 0, memory: 5, global: 6, export: 7, data: 11 };
const HEADER_BYTES = 8;
const EXTERNAL_GLOBAL = 3;
const OPCODE = { end: 0x0b, i32: 0x41, i64: 0x42 };
const TYPE_I32 = 0x7f;
/** V8 takes at most 100,000 data segments. */
const MAX_SEGMENTS = 90_000;

/** Unsigned LEB128. */
export function unsigned(value) {
  const bytes = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return Buffer.from(bytes);
}

/** Signed LEB128 of a BigInt. */
export function signed(value) {
  const bytes = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    const isLast = (value === 0n && (low & 0x40) === 0) || (value === -1n && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return Buffer.from(bytes);
  }
}

/** Value and end of the unsigned LEB128 at a position. */
export function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at];
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at };
  }
}

/** The sections of a module, in their order. @returns {{id: number, content: Buffer}[]} */
export function sectionsOf(bytes) {
  const sections = [];
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const size = readUnsigned(bytes, at + 1);
    sections.push({ id: bytes[at], content: bytes.subarray(size.next, size.next + size.value) });
    at = size.next + size.value;
  }
  return sections;
}

/** A module of these sections. */
export function moduleOf(sections) {
  const header = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  return Buffer.concat([header, ...sections.flatMap(({ id, content }) => [Buffer.from([id]), unsigned(content.length), content])]);
}

/** A text with its length before it. */
export function nameOf(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([unsigned(bytes.length), bytes]);
}

/** A custom section. */
export function customSection(name, content) {
  return { id: SECTION.custom, content: Buffer.concat([nameOf(name), Buffer.from(content)]) };
}

/** The memory section of one memory, sizes in pages of 64 KiB. */
export function memorySection(minimum, maximum) {
  return { id: SECTION.memory, content: Buffer.concat([unsigned(1), Buffer.from([1]), unsigned(minimum), unsigned(maximum)]) };
}

/** Types of the globals of a section whose initial values are constants. @returns {{type: number, mutable: number}[]} */
export function globalsOf(content) {
  const count = readUnsigned(content, 0);
  const globals = [];
  let at = count.next;
  for (let index = 0; index < count.value; index += 1) {
    globals.push({ type: content[at], mutable: content[at + 1] });
    if (content[at + 2] !== OPCODE.i32 && content[at + 2] !== OPCODE.i64) throw new Error('a global does not begin with a constant');
    at = readUnsigned(content, at + 3).next + 1;
  }
  return globals;
}

/** A section of globals with these values (numbers or BigInts). */
export function globalSection(globals, values) {
  const entries = globals.map(({ type, mutable }, index) =>
    Buffer.concat([
      Buffer.from([type, mutable, type === TYPE_I32 ? OPCODE.i32 : OPCODE.i64]),
      signed(BigInt(values[index])),
      Buffer.from([OPCODE.end]),
    ]),
  );
  return { id: SECTION.global, content: Buffer.concat([unsigned(globals.length), ...entries]) };
}

/** Entries of an export section as `{name, bytes}`. */
export function exportsOf(content) {
  const count = readUnsigned(content, 0);
  const found = [];
  let at = count.next;
  for (let index = 0; index < count.value; index += 1) {
    const length = readUnsigned(content, at);
    const end = readUnsigned(content, length.next + length.value + 1).next;
    found.push({ name: content.toString('utf8', length.next, length.next + length.value), bytes: content.subarray(at, end) });
    at = end;
  }
  return found;
}

/** An export section. */
export function exportSection(entries) {
  return { id: SECTION.export, content: Buffer.concat([unsigned(entries.length), ...entries.map(({ bytes }) => bytes)]) };
}

/** The export of a global. */
export function globalExport(name, index) {
  return { name, bytes: Buffer.concat([nameOf(name), Buffer.from([EXTERNAL_GLOBAL]), unsigned(index)]) };
}

/** Runs of bytes that are not zero; gaps shorter than `gap` belong to the run around them. */
function runsOf(memory, gap) {
  const runs = [];
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, Math.floor(memory.length / 8));
  let start = -1;
  let last = -1;
  for (let index = 0; index < words.length; index += 1) {
    if (words[index] === 0n) continue;
    if (start >= 0 && (index - last) * 8 > gap) {
      runs.push({ start: start * 8, end: (last + 1) * 8 });
      start = index;
    }
    if (start < 0) start = index;
    last = index;
  }
  if (start >= 0) runs.push({ start: start * 8, end: (last + 1) * 8 });
  return runs;
}

/** A data section that fills a fresh memory with this content. */
export function dataSection(memory) {
  let gap = 32;
  let runs = runsOf(memory, gap);
  while (runs.length > MAX_SEGMENTS) runs = runsOf(memory, (gap *= 2));
  const segments = runs.flatMap(({ start, end }) => [
    Buffer.concat([Buffer.from([0, OPCODE.i32]), signed(BigInt(start)), Buffer.from([OPCODE.end]), unsigned(end - start)]),
    memory.subarray(start, end),
  ]);
  return { id: SECTION.data, content: Buffer.concat([unsigned(runs.length), ...segments]) };
}
