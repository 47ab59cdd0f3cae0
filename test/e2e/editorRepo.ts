import { join } from 'node:path';
import type { ControlPlane } from '../tools/controlPlane.ts';
import { clusterUidOf } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';

const deployment = `# The shop window.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: window
spec:
  replicas: 2
  selector:
    matchLabels: {app: window}
  template:
    metadata:
      labels: {app: window}
    spec:
      containers:
        - name: window
          image: registry.example/window:1.0
          env:
            - name: REGION # of the warehouse
              value: here
`;

const chart = {
  'charts/till/Chart.yaml': 'apiVersion: v2\nname: till\nversion: 1.0.0\n',
  'charts/till/values.yaml': '# Words on the receipt.\ngreeting: hello\nfooter: thanks\n',
  'charts/till/values-eu.yaml': 'greeting: bonjour\n',
  'charts/till/templates/receipt.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-receipt\ndata:\n  greeting: {{ .Values.greeting | quote }}\n  footer: {{ .Values.footer }}\n',
};

/** A Kustomize base with an overlay per environment, and a chart with values per environment. */
export async function makeEditorRepo(cluster: ControlPlane, dir: string): Promise<{ folder: string }> {
  const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
  const regions = ['eu', 'us'];
  const files: Record<string, string> = {
    'plumbline.yaml': [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      'environments:',
      ...regions.map((region) => `  prod-${region}: {context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main}`),
      'applications:',
      ...regions.flatMap((region) => [
        `  - {name: window, environment: prod-${region}, path: window/overlays/${region}, namespace: ${region}}`,
        `  - name: till`,
        `    environment: prod-${region}`,
        `    path: charts/till`,
        `    namespace: ${region}`,
        `    helm: {releaseName: till, valueFiles: [${region === 'eu' ? 'values-eu.yaml' : ''}]}`,
      ]),
      '',
    ].join('\n'),
    'window/base/kustomization.yaml': 'resources:\n  - window.yaml\n',
    'window/base/window.yaml': deployment,
    'window/overlays/eu/kustomization.yaml': 'resources:\n  - ../../base\nimages:\n  - name: registry.example/window\n    newTag: "1.1"\n',
    'window/overlays/us/kustomization.yaml':
      'resources:\n  - ../../base\npatches:\n  - target: {kind: Deployment, name: window}\n    patch: |-\n      - op: replace\n        path: /spec/template/spec/containers/0/env/0/value\n        value: us\n',
    ...chart,
  };
  const folder = await makeConfigRepo(dir, files, 'Open the shop');
  for (const region of regions) {
    await cluster.kubectl(['create', 'namespace', region]);
    await cluster.kubectl(['apply', '-n', region, '-k', join(folder, 'window/overlays', region)]);
  }
  return { folder };
}
