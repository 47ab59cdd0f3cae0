// Starts the renderer once at build time, lets it render a little of everything, and writes its state into the module, so that at run
// time the first render finds Go's runtime, Kustomize's schemas and Helm's functions ready.
import {
  customSection,
  dataSection,
  exportSection,
  exportsOf,
  globalExport,
  globalSection,
  globalsOf,
  memorySection,
  moduleOf,
  SECTION,
  sectionsOf,
} from './wasmModule.mjs';

const PAGE = 64 * 1024;
const WASI = 'wasi_snapshot_preview1';
const LOOK = { read: 1, list: 2, kind: 3 };

const WORKLOAD = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1
          envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`;

const FILES = {
  'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator:\n  - {name: settings, literals: [a=b]}\n',
  'base/web.yaml': WORKLOAD,
  'overlay/kustomization.yaml':
    'resources: [../base]\nnamespace: shop\nnamePrefix: p-\nlabels:\n  - pairs: {a: b}\nimages:\n  - {name: nginx, newTag: "2"}\nreplicas:\n  - {name: web, count: 2}\npatches:\n  - path: patch.yaml\n  - target: {kind: Service}\n    patch: |-\n      - {op: add, path: /metadata/annotations, value: {c: d}}\n',
  'overlay/patch.yaml':
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, args: [x]}]}}}\n',
  'chart/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
  'chart/values.yaml': 'a: {b: c}\nlist: [1, 2]\n',
  'chart/values.schema.json': '{"type": "object", "properties": {"list": {"type": "array"}}}',
  'chart/templates/_h.tpl': '{{- define "h" -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{- end -}}',
  'chart/templates/a.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "h" . }}\n  labels: {{- toYaml .Values.a | nindent 4 }}\ndata:\n  {{- range $i, $v := .Values.list }}\n  k{{ $i }}: {{ tpl "{{ . }}" $v | quote }}\n  {{- end }}\n  {{- if .Capabilities.APIVersions.Has "apps/v1" }}\n  has: {{ dict "a" 1 | toJson | b64enc }}\n  {{- end }}\n',
};

const REQUESTS = [
  { op: 'kustomize', path: 'overlay', seed: 0 },
  { op: 'helm', path: 'chart', seed: 0, helm: { releaseName: 'r', namespace: 'n', values: { x: 1 } } },
  { op: 'directory', path: 'base', seed: 0 },
];

/** Answers of the host callback over {@link FILES}: status byte, then the payload. */
function look(operation, path) {
  const ok = (payload) => Buffer.concat([Buffer.from([0]), Buffer.from(payload)]);
  const prefix = path === '' ? '' : `${path}/`;
  const below = Object.keys(FILES).filter((name) => name.startsWith(prefix));
  const names = new Set(below.map((name) => name.slice(prefix.length).split('/')[0]));
  const kind = (name) => (name in FILES ? 'f' : 'd');
  if (operation === LOOK.read && path in FILES) return ok(FILES[path]);
  if (operation === LOOK.kind && (path in FILES || below.length > 0)) return ok(kind(path));
  if (operation === LOOK.list && below.length > 0) return ok([...names].map((name) => `${kind(prefix + name)}${name}\0`).join(''));
  return Buffer.from([1]);
}

/** The same WASI as src/upstream/wasi.ts, for one start. */
function wasi(names, memory) {
  const view = () => new DataView(memory().buffer);
  const given = Object.fromEntries(names.map((name) => [name, () => 8]));
  const sizes = (count, size, values) => {
    view().setUint32(count, values[0], true);
    view().setUint32(size, values[1], true);
    return 0;
  };
  let errors = '';
  return Object.assign(given, {
    clock_time_get: (_clock, _precision, result) => (view().setBigUint64(result, 1_000_000_000n, true), 0),
    random_get: (start, size) => (new Uint8Array(memory().buffer, start, size).fill(0x5a), 0),
    args_sizes_get: (count, size) => sizes(count, size, [1, 10]),
    args_get: (pointers, text) => {
      view().setUint32(pointers, text, true);
      Buffer.from(memory().buffer, text, 10).write('plumbline\0');
      return 0;
    },
    environ_sizes_get: (count, size) => sizes(count, size, [0, 0]),
    environ_get: () => 0,
    sched_yield: () => 0,
    poll_oneoff: (_input, _output, count, result) => (view().setUint32(result, count, true), 0),
    fd_write: (_file, vectors, count, result) => {
      let written = 0;
      for (let index = 0; index < count; index += 1) {
        const start = view().getUint32(vectors + index * 8, true);
        const size = view().getUint32(vectors + index * 8 + 4, true);
        errors += Buffer.from(memory().buffer, start, size).toString();
        written += size;
      }
      view().setUint32(result, written, true);
      return 0;
    },
    proc_exit: (code) => {
      throw new Error(`the renderer ended with code ${code}: ${errors.slice(0, 500)}`);
    },
  });
}

function start(bytes) {
  const module = new WebAssembly.Module(bytes);
  const names = WebAssembly.Module.imports(module).flatMap(({ module: from, name }) => (from === WASI ? [name] : []));
  let pending;
  const instance = new WebAssembly.Instance(module, {
    [WASI]: wasi(names, () => instance.exports.memory),
    plumbline: {
      look: (operation, at, size) => {
        pending = look(operation, Buffer.from(instance.exports.memory.buffer, at, size).toString());
        return pending.length;
      },
      take: (at) => pending.copy(Buffer.from(instance.exports.memory.buffer, at)),
    },
  });
  return instance.exports;
}

function ask({ alloc, call, size, memory }, request) {
  const text = Buffer.from(`${JSON.stringify(request)}\0`);
  text.copy(Buffer.from(memory.buffer, alloc(text.length)));
  const at = call();
  const { objects, errors } = JSON.parse(Buffer.from(memory.buffer, at, size()).toString());
  if (errors.length > 0 || objects.length === 0) throw new Error(`the warm-up of the renderer failed: ${JSON.stringify(errors)}`);
}

/**
 * Gives the module the state that it has after starting and a first render of each kind, a maximum of memory, and its version in a custom
 * section at the front, where it is read without compiling.
 * @param {Buffer} bytes the module as Go's linker writes it
 * @param {string} version
 * @param {number} limit of its memory, in bytes
 */
export function finishModule(bytes, version, limit) {
  const sections = sectionsOf(bytes);
  const find = (id) => sections.find((section) => section.id === id).content;
  const globals = globalsOf(find(SECTION.global));
  const exported = exportsOf(find(SECTION.export));
  const opened = [...exported, ...globals.map((_, index) => globalExport(`global${index}`, index))];
  const running = start(moduleOf(sections.map((section) => (section.id === SECTION.export ? exportSection(opened) : section))));
  running._initialize();
  for (const request of REQUESTS) ask(running, request);
  running.settle();
  const memory = Buffer.from(running.memory.buffer);
  const values = globals.map((_, index) => running[`global${index}`].value);
  const replaced = new Map([
    [SECTION.memory, memorySection(memory.length / PAGE, limit / PAGE)],
    [SECTION.global, globalSection(globals, values)],
    [SECTION.export, exportSection(exported.filter(({ name }) => name !== '_initialize' && name !== 'settle'))],
    [SECTION.data, dataSection(memory)],
  ]);
  const kept = sections.filter(({ id }) => id !== SECTION.custom).map((section) => replaced.get(section.id) ?? section);
  return moduleOf([customSection('plumbline.version', version), ...kept]);
}
