export type GoBinaryName =
  'etcd' | 'kube-apiserver' | 'kubectl' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok' | 'kustomize' | 'helm';
export const GO_BINARIES: Readonly<Record<GoBinaryName, { readonly version: string }>>;
export function goBinary(
  name: GoBinaryName,
  options?: { readonly signal?: AbortSignal | undefined; readonly onWait?: ((message: string) => void) | undefined },
): Promise<string>;
export function isBuilt(name: GoBinaryName): Promise<boolean>;
