// The import table of the rooms under src/ (design.md §4) and the lint rule that enforces it.
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * @typedef {object} Room
 * @property {readonly string[]} rooms    other rooms that this one may import; its own files are always allowed
 * @property {readonly string[]} packages npm packages that it may import (a package allows its subpaths)
 * @property {'none' | 'pure' | 'all'} node `node:` modules: none, those without effects (crypto, buffer, util, path), or all
 */

const ENGINE_ROOMS = [
  'engine/model',
  'engine/compare',
  'engine/health',
  'engine/git',
  'engine/cluster',
  'engine/render',
  'engine/apps',
  'engine/drift',
  'engine/provenance',
  'engine/sync',
  'engine/writeback',
];

const PURE_NODE = ['node:crypto', 'node:buffer', 'node:util', 'node:path', 'node:path/posix'];

/** The rooms before `room` in the engine's order; git and cluster do not know each other. */
function above(room) {
  const before = ENGINE_ROOMS.slice(0, ENGINE_ROOMS.indexOf(room));
  return ['base', ...(room === 'engine/cluster' ? before.filter((other) => other !== 'engine/git') : before)];
}

/** @type {Readonly<Record<string, Room>>} */
export const ROOMS = {
  base: { rooms: [], packages: [], node: 'all' },
  'engine/model': { rooms: ['base'], packages: [], node: 'none' },
  'engine/compare': { rooms: above('engine/compare'), packages: [], node: 'pure' },
  'engine/health': { rooms: above('engine/health'), packages: [], node: 'pure' },
  'engine/git': { rooms: above('engine/git'), packages: ['simple-git'], node: 'all' },
  'engine/cluster': { rooms: above('engine/cluster'), packages: ['@kubernetes/client-node', 'yaml'], node: 'all' },
  'engine/render': { rooms: [...above('engine/render'), 'upstream'], packages: ['yaml'], node: 'all' },
  'engine/apps': { rooms: above('engine/apps'), packages: ['yaml', 'ajv'], node: 'all' },
  'engine/drift': { rooms: above('engine/drift'), packages: [], node: 'all' },
  'engine/provenance': { rooms: above('engine/provenance'), packages: ['yaml', 'diff'], node: 'all' },
  'engine/sync': { rooms: above('engine/sync'), packages: [], node: 'all' },
  'engine/writeback': { rooms: above('engine/writeback'), packages: ['yaml', 'diff'], node: 'all' },
  engine: { rooms: ['base', ...ENGINE_ROOMS], packages: ['yaml'], node: 'all' },
  upstream: { rooms: ['base', 'engine/model'], packages: [], node: 'all' },
  protocol: { rooms: ['base', 'engine/model'], packages: [], node: 'none' },
  server: {
    rooms: ['base', 'engine', ...ENGINE_ROOMS, 'protocol'],
    packages: ['vscode-languageserver', 'vscode-languageserver-textdocument', 'yaml'],
    node: 'all',
  },
  cli: { rooms: ['base', 'engine', ...ENGINE_ROOMS, 'protocol'], packages: ['yaml', 'diff'], node: 'all' },
  extension: {
    rooms: ['base', 'engine/model', 'protocol'],
    packages: ['vscode', 'vscode-languageclient', 'diff'],
    node: 'all',
  },
};

/**
 * The room that a path under src/ belongs to, undefined for files directly in src/.
 * @param {string} path relative to src/, with `/`
 */
export function roomOf(path) {
  const [first = '', second, third] = path.split('/');
  if (second === undefined) return undefined;
  const inner = `${first}/${second}`;
  // The other folders of engine/ compose the rooms, as engine.ts does.
  return third !== undefined && ENGINE_ROOMS.includes(inner) ? inner : first;
}

function packageOf(specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/**
 * Why `file` must not import `specifier`, or undefined when it may.
 * @param {string} src  absolute path of src/
 * @param {string} file absolute path of the importing file
 * @param {string} specifier as written
 */
export function forbidden(src, file, specifier) {
  const from = roomOf(relative(src, file).split(sep).join('/'));
  if (from === undefined) return undefined;
  const room = ROOMS[from];
  if (room === undefined) return `'${from}' is not a room of design.md §4.`;
  if (specifier.startsWith('.')) {
    const target = relative(src, resolve(dirname(file), specifier))
      .split(sep)
      .join('/');
    if (target.startsWith('../')) return `src/ must not import '${specifier}', which lies outside src/.`;
    const to = roomOf(target);
    if (to === undefined || to === from || room.rooms.includes(to)) return undefined;
    return `'${from}' must not import '${to}'; it may import: ${room.rooms.join(', ') || 'no other room'} (design.md §4).`;
  }
  if (specifier.startsWith('node:')) {
    if (room.node === 'all' || (room.node === 'pure' && PURE_NODE.includes(specifier))) return undefined;
    return room.node === 'pure'
      ? `'${from}' is pure: of Node it may import only ${PURE_NODE.join(', ')}.`
      : `'${from}' must not import Node modules.`;
  }
  if (room.packages.includes(packageOf(specifier))) return undefined;
  return `'${from}' must not import '${packageOf(specifier)}'; packages allowed here: ${room.packages.join(', ') || 'none'} (design.md §4).`;
}

/** ESLint rule: every import, also dynamic and type-only ones, obeys the table. */
export const roomsRule = {
  meta: { type: 'problem', schema: [], messages: { forbidden: '{{reason}}' } },
  create(context) {
    const src = resolve(context.cwd, 'src');
    const test = (node) => {
      if (node.source?.type !== 'Literal' || typeof node.source.value !== 'string') return;
      const reason = forbidden(src, context.filename, node.source.value);
      if (reason !== undefined) context.report({ node: node.source, messageId: 'forbidden', data: { reason } });
    };
    return { ImportDeclaration: test, ImportExpression: test, ExportNamedDeclaration: test, ExportAllDeclaration: test };
  },
};
