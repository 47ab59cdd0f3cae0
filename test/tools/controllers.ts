import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlPlane } from './controlPlane.ts';
import type { ServerPrograms } from './serverPrograms.ts';

/** What runs beside the API server and etcd: controllers, scheduler, and kwok in the role of the kubelets. */
export type Component = 'controller-manager' | 'scheduler' | 'kwok';

const STAGES = fileURLToPath(new URL('../controlplane/kwok/stages.yaml', import.meta.url));

/**
 * Starts components beside a running API server, and waits until they do their work.
 * @param options `nodes`: number of Node objects for kwok, default 2
 * @throws Error with the end of the log of the component that did not come up
 */
export async function startControllers(
  plane: ControlPlane,
  programs: ServerPrograms,
  { components, nodes = 2 }: { readonly components?: readonly Component[]; readonly nodes?: number },
): Promise<void> {
  const starts: Readonly<Record<Component, () => Promise<void>>> = {
    'controller-manager': () => startControllerManager(plane, programs),
    scheduler: () => programs.start('kube-scheduler', [`--kubeconfig=${plane.kubeconfigPath}`, '--leader-elect=false', '--secure-port=0']),
    kwok: () => startKwok(plane, programs, nodes),
  };
  await Promise.all([...new Set(components)].map((component) => starts[component]()));
}

async function startControllerManager(plane: ControlPlane, programs: ServerPrograms): Promise<void> {
  await programs.start('kube-controller-manager', [
    `--kubeconfig=${plane.kubeconfigPath}`,
    '--leader-elect=false',
    '--secure-port=0',
    // No metrics server here: the autoscaler's controller would only report that every HorizontalPodAutoscaler fails.
    '--controllers=*,-nodeipam,-service-lb-controller,-node-route-controller,-horizontal-pod-autoscaler-controller',
    `--service-account-private-key-file=${join(plane.dir, 'sa.key')}`,
    '--use-service-account-credentials=false',
  ]);
  await programs.ready('kube-controller-manager', () => plane.answers('/api/v1/namespaces/default/serviceaccounts/default'));
}

async function startKwok(plane: ControlPlane, programs: ServerPrograms, nodes: number): Promise<void> {
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  await plane.apply(
    names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    })),
  );
  await programs.start('kwok', [
    `--kubeconfig=${plane.kubeconfigPath}`,
    `--config=${STAGES}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=40',
  ]);
  await programs.ready('kwok', async () => {
    const { body } = await plane.request('/api/v1/nodes');
    const { items } = JSON.parse(body) as { items: { status?: { conditions?: { type: string; status: string }[] } }[] };
    return (
      items.length >= names.length &&
      items.every(({ status }) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
    );
  });
}
