import { arrayAt, isJsonArray, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../model/json.ts';

/**
 * A kustomization as Argo CD changes it before it builds: `kustomize edit set|add` for each option of the Application, and its patches at
 * the end. Source: argo-cd util/kustomize/kustomize.go `Build`; kustomize commands/edit/set/setimage.go.
 * @param options `spec.source.kustomize`
 */
export function withKustomizeOptions(kustomization: JsonObject, options: JsonObject): JsonObject {
  const next: Record<string, JsonValue | undefined> = { ...kustomization };
  for (const key of ['namePrefix', 'nameSuffix', 'namespace']) {
    const value = stringAt(options, key);
    if (value !== undefined && value !== '') next[key] = value;
  }
  const images = arrayAt(options, 'images').filter((image) => typeof image === 'string');
  if (images.length > 0) next['images'] = withImages(arrayAt(kustomization, 'images'), images.map(imageOf));
  const replicas = arrayAt(options, 'replicas').filter(isJsonObject);
  if (replicas.length > 0) {
    const names = new Set(replicas.map((each) => stringAt(each, 'name')));
    const counted = replicas.map((each) => ({ name: stringAt(each, 'name'), count: Number(each['count']) }));
    next['replicas'] = [...arrayAt(kustomization, 'replicas').filter((each) => !names.has(stringAt(each, 'name'))), ...counted];
  }
  Object.assign(next, labelsOf(next, options));
  const annotations = objectAt(options, 'commonAnnotations');
  if (Object.keys(annotations).length > 0) next['commonAnnotations'] = { ...objectAt(kustomization, 'commonAnnotations'), ...annotations };
  for (const key of ['patches', 'components']) {
    const added = arrayAt(options, key);
    if (added.length > 0) next[key] = [...arrayAt(kustomization, key), ...added];
  }
  return next;
}

function labelsOf(kustomization: JsonObject, options: JsonObject): JsonObject {
  const labels = objectAt(options, 'commonLabels');
  if (Object.keys(labels).length === 0) return {};
  if (options['labelWithoutSelector'] !== true) return { commonLabels: { ...objectAt(kustomization, 'commonLabels'), ...labels } };
  const includeTemplates = options['labelIncludeTemplates'] === true;
  const before = kustomization['labels'];
  return { labels: [...(isJsonArray(before) ? before : []), { pairs: labels, includeTemplates }] };
}

interface Image {
  readonly name: string;
  readonly newName: string;
  readonly newTag: string;
  readonly digest: string;
}

/** `name=new:tag`, `name:tag`, `name@digest`, with `*` for what stays. */
function imageOf(text: string): Image {
  const equals = text.indexOf('=');
  const written = text.slice(equals + 1);
  const at = written.indexOf('@');
  const colon = written.lastIndexOf(':');
  const hasTag = at < 0 && colon > written.lastIndexOf('/');
  const bare = at >= 0 ? written.slice(0, at) : hasTag ? written.slice(0, colon) : written;
  return {
    name: equals >= 0 ? text.slice(0, equals) : bare,
    newName: equals >= 0 ? bare : '',
    newTag: hasTag ? written.slice(colon + 1) : '',
    digest: at >= 0 ? written.slice(at + 1) : '',
  };
}

/** Entries of the same name are replaced; a part that is `*` stays as it was. */
function withImages(before: readonly JsonValue[], images: readonly Image[]): readonly JsonValue[] {
  const names = new Set(images.map(({ name }) => name));
  const kept = before.filter((each) => !names.has(stringAt(each, 'name') ?? ''));
  const changed = images.map(({ name, newName, newTag, digest }) => {
    const old = before.find((each) => stringAt(each, 'name') === name);
    const tag = newTag === '*' ? stringAt(old, 'newTag') : newTag;
    const renamed = newName === '*' ? stringAt(old, 'newName') : newName;
    const hash = digest === '*' ? stringAt(old, 'digest') : digest;
    const filled = { newName: renamed, newTag: tag, digest: hash };
    return { name, ...Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== undefined && value !== '')) };
  });
  return [...kept, ...changed];
}
