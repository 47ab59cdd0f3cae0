import { annotationsOf, type KubeObject } from '../../model/objects.ts';

/** Annotations by which the tools' users say that an object is to be kept, with the values that say so. */
const keepAnnotations: readonly (readonly [name: string, says: (value: string) => boolean])[] = [
  ['helm.sh/resource-policy', (value) => value.trim().toLowerCase() === 'keep'],
  ['argocd.argoproj.io/sync-options', (value) => hasOption(value, 'Prune=false', 'Prune=confirm', 'Delete=false', 'Delete=confirm')],
  ['argocd.argoproj.io/compare-options', (value) => hasOption(value, 'IgnoreExtraneous')],
  ['kustomize.toolkit.fluxcd.io/prune', (value) => value.toLowerCase() === 'disabled'],
  ['kustomize.toolkit.fluxcd.io/reconcile', (value) => value.toLowerCase() === 'disabled'],
  ['cli-utils.sigs.k8s.io/on-remove', (value) => value === 'keep'],
  ['client.lifecycle.config.k8s.io/deletion', (value) => value === 'detach'],
  ['plumbline.dev/prune', (value) => value === 'disabled'],
];

/** The annotation (`name=value`) by which a live object asks to be kept, or undefined. See reference of Helm, Argo CD, Flux and kpt. */
export function keepMarkOf(live: KubeObject): string | undefined {
  const annotations = annotationsOf(live);
  for (const [name, says] of keepAnnotations) {
    const value = annotations[name];
    if (value !== undefined && says(value)) return `${name}=${value}`;
  }
  return undefined;
}

function hasOption(value: string, ...options: readonly string[]): boolean {
  const given = value.split(',').map((option) => option.trim().toLowerCase());
  return options.some((option) => given.includes(option.toLowerCase()));
}
