import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import type { RenderedObject, SourceSpec } from '../../../src/engine/model/render.ts';
import { SourceLines } from '../../../src/engine/provenance/sourceLines.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from '../render/support.ts';

const signal = AbortSignal.timeout(600_000);

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.name" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.web.count }}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      {{- with .Values.podNotes }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      labels:
        app: web
    spec:
      nodeSelector: {{ toJson .Values.nodeSelector }}
      affinity: {{- toYaml .Values.affinity | nindent 8 }}
      containers:
      # the only one
      - name: web
        image: {{ .Values.image | quote }}
        {{- if .Values.debug }}
        tty: true
        {{- end }}
        env:
          {{- range $name, $value := .Values.env }}
          - name: {{ $name }}
            value: {{ $value | quote }}
          {{- end }}
        resources: {{- toYaml .Values.resources | nindent 10 }}
        securityContext: {}
        ports:
          {{- toYaml .Values.ports | nindent 10 }}
`;

const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'chart/values.yaml': `image: registry.example/web:1
debug: false
nodeSelector: {} # any
affinity:
  # podAffinity: {}
  {}
web: {count: 2}
env:
  MODE: fast
podNotes:
  # who to ask
  "example.com/team": blue
resources:
  limits: {memory: 128Mi}
  requests:
    memory: 64Mi
ports:
- name: http
  containerPort: 8080
queue:
  settings:
    size: big
`,
  'chart/values-prod.yaml': 'resources:\r\n  requests:\r\n    cpu: 100m\r\n',
  'chart/templates/_helpers.tpl':
    '{{- define "shop.name" -}}{{ .Release.Name }}-web{{- end }}\n{{- define "shop.labels" -}}\napp: web\ntier: front\n{{- end }}\n',
  'chart/templates/web.yaml': deployment,
  'chart/charts/queue/Chart.yaml': 'apiVersion: v2\nname: queue\nversion: 1.0.0\n',
  'chart/charts/queue/values.yaml': 'settings:\n  size: small\n',
  'chart/charts/queue/templates/settings.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  {{- range $k, $v := .Values.settings }}\n  {{ $k }}: {{ $v }}\n  {{- end }}\n',
};

/** A kind, a field, and the line that is expected. */
type Asked = readonly [kind: string, path: string, line: string];

/** A path as people write it: keys with dots, an item by its name (`name=web`). */
function pathOf(path: string): FieldPath {
  return path.split(' ').map((step) => (step.startsWith('name=') ? { keys: { name: step.slice('name='.length) } } : { field: step }));
}

describe('the nearest line below which a field that only live has belongs', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  /** By asked path, the file and the text of the line. */
  async function parents(files: Readonly<Record<string, string>>, spec: SourceSpec, asked: readonly Asked[]): Promise<readonly string[]> {
    const tree = new MemoryTree(files);
    const render = await renders.render(spec, tree, { signal });
    assert.deepEqual(render.errors, []);
    let probes = 0;
    const lines = new SourceLines(() => (changed) => {
      probes += 1;
      return renders.render(spec, new MemoryTree(changed, tree), { signal });
    });
    const found: string[] = [];
    for (const [kind, path] of asked) {
      const object = render.objects.find((each) => each.object.kind === kind) as RenderedObject;
      const range = await lines.parentLine({ spec, tree, render }, object, pathOf(path), signal);
      const text = files[range?.file ?? '']?.split(/\r?\n/)[range?.startLine ?? 0];
      found.push(
        range === undefined ? `${path}: unknown` : `${path}: ${range.file}: ${text?.slice(range.startColumn, range.endColumn) ?? ''}`,
      );
    }
    assert.ok(probes <= 60 + asked.length * 5, `${String(probes)} renders`);
    return found;
  }

  it('behind Helm: the key of values that a template takes whole, else the key in the template', async () => {
    const container = 'spec template spec containers name=web';
    const asked = [
      ['Deployment', 'spec paused', 'chart/templates/web.yaml: spec:'],
      ['Deployment', 'spec strategy type', 'chart/templates/web.yaml: spec:'],
      ['Deployment', 'metadata labels owner', 'chart/templates/web.yaml: labels:'],
      ['Deployment', 'spec template metadata labels x', 'chart/templates/web.yaml: labels:'],
      ['Deployment', 'spec template metadata annotations x', 'chart/values.yaml: podNotes:'],
      ['Deployment', `${container} tty`, 'chart/templates/web.yaml: name: web'],
      ['Deployment', `${container} securityContext privileged`, 'chart/templates/web.yaml: securityContext: {}'],
      ['Deployment', 'spec template spec affinity podAffinity', 'chart/values.yaml: affinity:'],
      ['Deployment', 'spec template spec nodeSelector disk', 'chart/values.yaml: nodeSelector: {} # any'],
      ['Deployment', `${container} resources claims`, 'chart/values.yaml: resources:'],
      ['Deployment', `${container} resources limits cpu`, 'chart/values.yaml: limits: {memory: 128Mi}'],
      ['Deployment', `${container} resources requests storage`, 'chart/values-prod.yaml: requests:'],
      ['Deployment', `${container} ports name=metrics`, 'chart/values.yaml: ports:'],
      ['Deployment', `${container} ports name=http protocol`, 'chart/values.yaml: name: http'],
      ['Deployment', `${container} env name=DEBUG`, 'chart/templates/web.yaml: env:'],
      ['Deployment', 'spec template spec containers name=sidecar', 'chart/templates/web.yaml: containers:'],
      ['Deployment', 'status', 'unknown'],
      ['ConfigMap', 'data extra', 'chart/values.yaml: settings:'],
    ] as const satisfies readonly Asked[];
    const spec: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n', valueFiles: ['values-prod.yaml'] } };
    assert.deepEqual(
      await parents(chart, spec, asked),
      asked.map(([, path, line]) => `${path}: ${line}`),
    );
  });
});
