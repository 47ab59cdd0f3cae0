import { configFileName, parseConfig } from '../apps/configFile.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { decodeText } from '../git/textEncoding.ts';
import type { Application } from '../model/application.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { SpecInput } from '../provenance/inputs.ts';
import { specOf } from './sourceRenderer.ts';
import { yamlValues } from '../writeback/yamlEdit.ts';
import { arrayAt, stringAt } from '../model/json.ts';

/** Whether an application takes values for its chart from plumbline.yaml itself. */
export function hasInlineValues({ origin, source }: Application): boolean {
  return origin === 'plumbline.yaml' && source.type === 'helm' && source.helm?.values !== undefined;
}

/** An application with the values that a text of plumbline.yaml has for its chart; undefined when that does not declare it. */
export function withConfig(application: Application, text: string): Application | undefined {
  const { name, source, destination } = application;
  const declared = parseConfig(text).applications.find(
    (each) => each.name === name && each.environment.name === (destination?.environment ?? ''),
  );
  if (declared === undefined) return undefined;
  const { values: _before, ...helm } = source.helm ?? {};
  const values = declared.helm?.values;
  return { ...application, source: { ...source, helm: { ...helm, ...(values === undefined ? {} : { values }) } } };
}

/** Where an application stands in the list of a text of plumbline.yaml; -1: it does not. */
export function indexInConfig({ name, destination }: Application, text: string): number {
  return arrayAt(yamlValues(text)[0], 'applications').findIndex(
    (each) => stringAt(each, 'name') === name && stringAt(each, 'environment') === destination?.environment,
  );
}

/**
 * The values in plumbline.yaml that an application's chart is rendered with, as an input whose lines can be found like those of files.
 * @param tree whose plumbline.yaml declares the application: the working tree
 * @returns undefined when it has none there
 */
export async function specInputOf(
  application: Application,
  connection: ClusterConnection | undefined,
  tree: SourceTree,
): Promise<SpecInput | undefined> {
  if (!hasInlineValues(application)) return undefined;
  const bytes = await tree.read(configFileName);
  const text = bytes === undefined ? '' : decodeText(bytes);
  const index = indexInConfig(application, text);
  if (index < 0) return undefined;
  const above = ['applications', index, 'helm', 'values'];
  return {
    file: configFileName,
    text,
    accepts: (path) => above.every((step, depth) => path[depth] === step),
    specOf: (changed) => {
      const next = withConfig(application, changed);
      return next === undefined ? undefined : specOf(next, connection);
    },
  };
}
