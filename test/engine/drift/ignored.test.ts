import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { IgnoredReport } from '../../../src/cli/ignoredReport.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { CliFolder } from '../cli/support.ts';

let plane: ControlPlane;
let folder: CliFolder;

before(async () => {
  plane = await startControlPlane();
  folder = await CliFolder.create(plane.kubeconfigPath);
});
after(async () => {
  await folder.remove();
  await plane.stop();
});

const objects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 5}
`;

const config = (uid: string): string => `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev, clusterUid: ${uid}}
applications:
  - name: shop
    environment: prod
    path: shop
    namespace: shop
    ignore:
      - {kind: Deployment, paths: [/spec/template/spec/containers/*/image]}
      - {kind: Service, paths: [/spec/clusterIP]}
`;

test('plumbline ignored lists every field that is left out, by which rule, where it stands, and why; and idle rules', async () => {
  const uid = await plane.uid();
  await folder.commit({ 'plumbline.yaml': config(uid), 'shop/web.yaml': objects });
  await plane.kubectl(['create', 'namespace', 'shop']);
  await plane.kubectl(['-n', 'shop', 'apply', '--server-side', '-f', '-'], objects);
  await plane.kubectl(['-n', 'shop', 'set', 'image', 'deployment/web', 'web=web:hotfix']);
  await plane.kubectl(['-n', 'shop', 'scale', 'deployment/web', '--replicas=4']);

  const text = await folder.run(['ignored', '--app', 'shop']);
  assert.deepEqual(
    [text.code, text.err, text.out.trimEnd().split('\n')],
    [
      0,
      '',
      [
        'prod/shop  2 fields ignored',
        '  plumbline.yaml:11  /spec/template/spec/containers/*/image',
        '    Deployment/web  spec.template.spec.containers[name=web].image',
        '  plumbline.yaml:12  /spec/clusterIP  (leaves out nothing now)',
        '  autoscaler HorizontalPodAutoscaler/web',
        '    Deployment/web  spec.replicas  HorizontalPodAutoscaler/web sets it. Removing it from Git keeps a sync from working against that.',
      ],
    ],
  );

  const json = await folder.run(['ignored', '--output', 'json']);
  const report = JSON.parse(json.out) as IgnoredReport;
  const object = { kind: 'Deployment', namespace: 'shop', name: 'web' };
  const message = 'HorizontalPodAutoscaler/web sets it. Removing it from Git keeps a sync from working against that.';
  assert.deepEqual(report, {
    apiVersion: 'plumbline.dev/ignored/v1',
    applications: [
      {
        id: 'prod/shop',
        fields: [
          { ...object, path: 'spec.template.spec.containers[name=web].image', by: 'plumbline.yaml:11', file: 'plumbline.yaml', line: 11 },
          {
            ...object,
            path: 'spec.replicas',
            by: 'autoscaler HorizontalPodAutoscaler/web',
            reason: { code: 'ignored-autoscaled', message },
          },
        ],
        rules: [
          { by: 'plumbline.yaml:11', paths: ['/spec/template/spec/containers/*/image'], fields: 1, file: 'plumbline.yaml', line: 11 },
          { by: 'plumbline.yaml:12', paths: ['/spec/clusterIP'], fields: 0, file: 'plumbline.yaml', line: 12 },
          { by: 'autoscaler HorizontalPodAutoscaler/web', paths: [], fields: 1 },
        ],
      },
    ],
  });
});
