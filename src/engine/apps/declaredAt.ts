import type { Application, ApplicationSource } from '../model/application.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { joinPath, resolvePath } from '../model/treePath.ts';
import { configFileName, parseConfig } from './configFile.ts';
import { recogniseSource } from './convention.ts';
import { chartName } from './fileFacts.ts';

/**
 * The source of an application as the plumbline.yaml of a tree declares it: path and Helm parameters of then. What Flux or Argo CD add
 * to the same path is read from that tree, too.
 * @returns undefined when that file does not declare it, or its path leads nowhere
 */
export async function sourceDeclaredAt(tree: SourceTree, { id, source: now }: Application): Promise<ApplicationSource | undefined> {
  const bytes = await tree.read(configFileName);
  if (bytes === undefined) return undefined;
  const { applications } = parseConfig(new TextDecoder().decode(bytes));
  const declared = applications.find(({ environment, name }) => `${environment.name}/${name}` === id);
  const path = declared === undefined ? undefined : resolvePath('', declared.path);
  if (declared === undefined || path === undefined) return undefined;
  const { helm } = declared;
  if (helm !== undefined) return (await tree.kindOf(joinPath(path, chartName))) === 'file' ? { type: 'helm', path, helm } : undefined;
  const type = await recogniseSource(tree, path);
  if (type === undefined) return undefined;
  const { postBuild, deployedBy } = type === now.type && path === now.path ? now : {};
  return { type, path, ...(postBuild !== undefined && { postBuild }), ...(deployedBy !== undefined && { deployedBy }) };
}
