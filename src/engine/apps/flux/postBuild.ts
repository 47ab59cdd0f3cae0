import { parseAllDocuments } from 'yaml';
import { arrayAt, isJsonObject, objectAt, stringAt, valueAt } from '../../model/json.ts';
import { resolvePath } from '../../model/treePath.ts';
import { documentTexts } from '../manifestTexts.ts';

/** A Kustomization of Flux that replaces variables after its build. */
export interface FluxBuild {
  readonly file: string;
  readonly name: string;
  readonly namespace: string;
  /** folder that it builds, relative to the repo's root */
  readonly path: string;
  /** what it takes variables from, besides its own */
  readonly from: readonly { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly isOptional: boolean }[];
}

const KINDS: ReadonlySet<string> = new Set(['Kustomization']);

/** The Kustomizations with `spec.postBuild` in a text of manifests. Cheap for texts that have none. */
export function fluxBuilds(file: string, text: string): readonly FluxBuild[] {
  if (!text.includes('kustomize.toolkit.fluxcd.io') || !text.includes('postBuild')) return [];
  try {
    return documentTexts(text, KINDS).flatMap((part) => {
      const documents = parseAllDocuments(part.text, { merge: true, uniqueKeys: false, logLevel: 'silent' });
      return ('empty' in documents ? [] : documents).flatMap((document) => {
        const value: unknown = document.toJS({ maxAliasCount: 100 });
        return isJsonObject(value) ? buildOf(file, value) : [];
      });
    });
  } catch {
    // What does not parse builds nothing.
    return [];
  }
}

function buildOf(file: string, value: Parameters<typeof stringAt>[0]): readonly FluxBuild[] {
  const path = resolvePath('', stringAt(value, 'spec', 'path') ?? '.');
  const name = stringAt(value, 'metadata', 'name');
  const isFlux =
    /^kustomize\.toolkit\.fluxcd\.io\//.test(stringAt(value, 'apiVersion') ?? '') && stringAt(value, 'kind') === 'Kustomization';
  const postBuild = valueAt(value, 'spec', 'postBuild');
  if (!isFlux || name === undefined || path === undefined || !isJsonObject(postBuild)) return [];
  const from = arrayAt(postBuild, 'substituteFrom').flatMap((source): FluxBuild['from'] => {
    const kind = stringAt(source, 'kind');
    const sourceName = stringAt(source, 'name');
    if ((kind !== 'ConfigMap' && kind !== 'Secret') || sourceName === undefined) return [];
    return [{ kind: kind, name: sourceName, isOptional: objectAt(source)['optional'] === true }];
  });
  return [{ file, name, namespace: stringAt(value, 'metadata', 'namespace') ?? 'flux-system', path, from }];
}

/** Whether a text of manifests may declare a ConfigMap or Secret of a name; the render looks closer. */
export function mayDeclare(text: string, kind: string, name: string): boolean {
  const written = name.replaceAll(/[.+^${}()|[\]\\*?]/g, '\\$&');
  return (
    new RegExp(`^kind:\\s*["']?${kind}\\b`, 'm').test(text) && new RegExp(`\\bname:\\s*["']?${written}["']?\\s*([#,}]|$)`, 'm').test(text)
  );
}
