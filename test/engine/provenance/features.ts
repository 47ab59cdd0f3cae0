import { fileURLToPath } from 'node:url';
import { isJsonObject, valueAt } from '../../../src/engine/model/json.ts';
import type { RenderedObject, SourceSpec } from '../../../src/engine/model/render.ts';

import type { SpecInput } from '../../../src/engine/provenance/inputs.ts';
import type { Probe } from '../../../src/engine/provenance/prover.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { yamlValues } from '../../../src/engine/writeback/yamlEdit.ts';

/** A source whose lines are to be proved. */
export interface ProvenanceCase {
  readonly name: string;
  readonly spec: SourceSpec;
  /** folder on disk, or the files themselves */
  readonly files: string | Readonly<Record<string, string>>;
  /** parameters that stand in a file of their own */
  readonly said?: SpecInput;
}

/** Renders a case with other texts. */
export function probeOf({ spec, said }: ProvenanceCase, tree: SourceTree, renders: RenderService): Probe {
  return async (changed, signal) => {
    const text = said === undefined ? undefined : changed[said.file];
    const next = text === undefined ? spec : said?.specOf(text);
    if (next === undefined) return { objects: [] as readonly RenderedObject[], errors: [] };
    return renders.render(next, new MemoryTree(changed, tree), { signal });
  };
}

export const chart: Readonly<Record<string, string>> = {
  'chart/Chart.yaml':
    'apiVersion: v2\nname: market\nversion: 1.2.3\nappVersion: "7.1"\ndependencies:\n  - name: queue\n    version: 0.1.0\n    condition: queue.enabled\n',
  'chart/values.yaml':
    '# defaults\nglobal:\n  region: north\nimage:\n  repository: registry.example/market\n  tag: "2.0"\nreplicas: 2\nport: 8080\nhostNetwork: false\ngreeting: "hello {{ .Values.global.region }}"\nenv:\n  LOG: info\n  MODE: fast\nhosts:\n  - one.example\n  - two.example\nresources:\n  limits:\n    memory: 128Mi\nqueue:\n  enabled: true\n  size: 10Gi\nmetrics:\n  enabled: true\n  path: /metrics\n',
  'chart/values-prod.yaml': 'replicas: 5\nimage:\n  tag: "2.1"\nenv:\n  LOG: warn # loud\n',
  'chart/templates/_helpers.tpl': '{{- define "market.labels" -}}\napp.kubernetes.io/name: {{ .Chart.Name }}\ntier: web\n{{- end }}\n',
  'chart/templates/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels:
    {{- include "market.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  revisionHistoryLimit: 4
  selector:
    matchLabels: {tier: web}
  template:
    metadata:
      labels:
        {{- include "market.labels" . | nindent 8 }}
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      terminationGracePeriodSeconds: {{ .Values.grace | default 30 }}
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          args: [serve, "--quiet"]
          ports:
            - containerPort: {{ .Values.port }}
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
`,
  'chart/templates/config.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  greeting: {{ tpl .Values.greeting . | quote }}
  region: {{ .Values.global.region | upper }}
  {{- if .Values.metrics.enabled }}
  metricsPath: {{ .Values.metrics.path }}
  {{- end }}
  hosts: |
    {{- range .Values.hosts }}
    {{ . }}
    {{- end }}
`,
  'chart/charts/queue/Chart.yaml': 'apiVersion: v2\nname: queue\nversion: 0.1.0\n',
  'chart/charts/queue/values.yaml': 'size: 1Gi\nclass: standard\n',
  'chart/charts/queue/templates/claim.yaml':
    'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: queue\n  labels:\n    region: {{ .Values.global.region }}\nspec:\n  storageClassName: {{ .Values.class }}\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: {{ .Values.size }}\n',
};

export const overlay: Readonly<Record<string, string>> = {
  'base/kustomization.yaml':
    'resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - COLOR=green\n    files:\n      - motd.txt\n    envs: [app.env]\nsecretGenerator:\n  - name: login\n    literals: [USER=shop]\nvars:\n  - name: WEB\n    objref: {kind: Service, name: web, apiVersion: v1}\n',
  'base/motd.txt': 'welcome to the market\n',
  'base/app.env': '# of the app\nLEVEL=three\nMOTTO=all you need\n',
  'base/web.yaml': `# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  paused: false
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      priorityClassName: 'normal'
      containers:
        - name: web
          image: registry.example/web:1.0
          args: ["--backend=$(WEB)"]
          envFrom:
            - configMapRef: {name: settings}
          env:
            - {name: ZONE, value: placeholder}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: 8080
`,
  'extra/kustomization.yaml':
    'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: add\n        path: /spec/template/spec/nodeSelector\n        value: {disk: ssd}\n',
  'prod/kustomization.yaml': `resources: [../base]
components: [../extra]
namespace: market
namePrefix: prod-
labels:
  - pairs: {stage: prod}
    includeTemplates: true
commonAnnotations:
  owner: team-market
images:
  - name: registry.example/web
    newName: mirror.example/web
    newTag: "1.4"
replicas:
  - name: web
    count: 3
configMapGenerator:
  - name: settings
    behavior: merge
    literals:
      - COLOR=red
patches:
  - path: resources.yaml
  - path: ports.yaml
    target: {kind: Service}
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        minReadySeconds: 7
replacements:
  - source: {kind: Service, name: web, fieldPath: 'spec.selector.app'}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ['spec.template.spec.containers.[name=web].env.[name=ZONE].value']
`,
  'prod/ports.yaml':
    '- op: replace\n  path: /spec/ports/0/port\n  value: 8081\n- {op: add, path: /metadata/annotations/zone, value: north}\n',
  'prod/resources.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          resources:
            limits: {memory: 256Mi, cpu: "2"}
`,
};

const flux: Readonly<Record<string, string>> = {
  'clusters/prod/shop.yaml': `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  interval: 10m
  path: ./shop
  prune: true
  sourceRef: {kind: GitRepository, name: repo}
  postBuild:
    substitute:
      replicas: "3" # of prod
      tag: '1.4'
      greeting: hello
      region: eu-west
    substituteFrom:
      - kind: ConfigMap
        name: cluster-vars
      - kind: Secret
        name: not-there
        optional: true
`,
  'clusters/prod/vars.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster-vars, namespace: flux-system}\ndata:\n  region: north\n  domain: shop.example # public\n  memory: 256Mi\n',
  'shop/kustomization.yaml': 'resources: [web.yaml]\ncommonAnnotations:\n  region: ${region}\n',
  'shop/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: \${replicas}
  minReadySeconds: 4
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: \${registry:=registry.example}/web:\${tag}
          args: ["--host=\${domain}", "--literal=\$\${HOME}"]
          resources:
            limits: {memory: "\${memory}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  greeting: \${greeting}
  script: |
    echo \${greeting^^} to $USER
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: script
  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}
data:
  run: echo \${replicas}
`,
};

const inlineText = `applications:
  - name: market # ours
    helm:
      valueFiles: [values-prod.yaml]
      values:
        replicas: 7
        env: {LOG: "debug", EXTRA: 'on'}
        queue:
          size: 20Gi # more
`;
const inlineSpec = (text: string): SourceSpec | undefined => {
  const [config] = yamlValues(text);
  const values = isJsonObject(config) ? valueAt(config, 'applications', 0, 'helm', 'values') : undefined;
  const helm = { releaseName: 'my', namespace: 'shop', valueFiles: ['values-prod.yaml'] };
  return isJsonObject(values) ? { type: 'helm', path: 'chart', helm: { ...helm, values } } : undefined;
};

const sample = fileURLToPath(new URL('../../sample/tree/', import.meta.url));

/** The sample repo's sources, and a chart and an overlay that use every feature. */
export const provenanceCases: readonly ProvenanceCase[] = [
  { name: 'manifests of the sample', spec: { type: 'directory', path: 'apps/storefront/prod' }, files: sample },
  { name: 'overlay of the sample', spec: { type: 'kustomize', path: 'apps/catalog/overlays/prod' }, files: sample },
  {
    name: 'chart of the sample',
    spec: {
      type: 'helm',
      path: 'apps/checkout',
      helm: { releaseName: 'checkout', namespace: 'shop-prod', valueFiles: ['values-prod.yaml'] },
    },
    files: sample,
  },
  { name: 'overlay with every feature', spec: { type: 'kustomize', path: 'prod' }, files: overlay },
  {
    name: 'chart with every feature',
    spec: { type: 'helm', path: 'chart', helm: { releaseName: 'my', namespace: 'shop', valueFiles: ['values-prod.yaml'] } },
    files: chart,
  },
  {
    name: 'overlay with Flux substitution',
    spec: {
      type: 'kustomize',
      path: 'shop',
      postBuild: {
        file: 'clusters/prod/shop.yaml',
        name: 'shop',
        namespace: 'flux-system',
        sources: [
          { kind: 'ConfigMap', name: 'cluster-vars', isOptional: false, file: 'clusters/prod/vars.yaml' },
          { kind: 'Secret', name: 'not-there', isOptional: true },
        ],
      },
    },
    files: flux,
  },
  {
    name: 'chart with values in plumbline.yaml',
    spec: inlineSpec(inlineText) ?? { type: 'helm', path: 'chart' },
    files: chart,
    said: {
      file: 'plumbline.yaml',
      text: inlineText,
      accepts: (path) => path[2] === 'helm' && path[3] === 'values',
      specOf: inlineSpec,
    },
  },
];
