import { LineCounter, parseAllDocuments } from 'yaml';
import type { ValuesObject } from '../model/render.ts';
import { resolvePath } from '../model/treePath.ts';
import { type FileLink, LinkReader } from './fileLinks.ts';

/**
 * The places of a HelmRelease or Application that name files of the repo: its chart or path, values files, files of parameters, and the
 * ConfigMaps and Secrets that it takes values from.
 * @param text of manifests, without a byte-order mark
 * @param sources where the repo writes those objects
 */
export function deployerLinks(file: string, text: string, sources: readonly ValuesObject[]): readonly FileLink[] {
  try {
    const lines = new LineCounter();
    const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    return ('empty' in documents ? [] : documents).flatMap((document) => {
      const reader = new LinkReader(file, document, lines);
      const kind = reader.text(reader.child(reader.root, 'kind'));
      if (kind === 'HelmRelease') readRelease(reader, sources);
      else if (kind === 'Application') readApplication(reader);
      return reader.links;
    });
  } catch {
    // The parser throws on a few texts that are no YAML at all; they name nothing.
    return [];
  }
}

function readRelease(reader: LinkReader, sources: readonly ValuesObject[]): void {
  const spec = reader.child(reader.root, 'spec');
  const chart = reader.child(reader.child(spec, 'chart'), 'spec');
  const kind = reader.text(reader.child(reader.child(chart, 'sourceRef'), 'kind'));
  if (kind === 'GitRepository' || kind === 'Bucket') {
    reader.path(reader.child(chart, 'chart'), '');
    for (const item of reader.items(reader.child(chart, 'valuesFiles'))) reader.path(item, '');
  }
  for (const item of reader.items(reader.child(spec, 'valuesFrom'))) {
    const name = reader.child(item, 'name');
    const found = sources.find((each) => each.kind === reader.text(reader.child(item, 'kind')) && each.name === reader.text(name));
    if (found?.file !== undefined) reader.add(name, found.file);
  }
}

function readApplication(reader: LinkReader): void {
  const spec = reader.child(reader.root, 'spec');
  for (const source of [reader.child(spec, 'source'), ...reader.items(reader.child(spec, 'sources'))]) {
    const path = reader.child(source, 'path');
    const folder = resolvePath('', reader.text(path) ?? '');
    if (folder === undefined) continue;
    reader.path(path, '');
    const helm = reader.child(source, 'helm');
    const files = reader.items(reader.child(helm, 'fileParameters')).map((item) => reader.child(item, 'path'));
    for (const item of [...reader.items(reader.child(helm, 'valueFiles')), ...files]) {
      const written = reader.text(item) ?? '';
      // `/` and the name of another source stand for the root.
      const fromRoot = written.replace(/^(\/|\$[\w-]+\/)/, '');
      reader.path(item, fromRoot === written ? folder : '', fromRoot);
    }
    for (const item of reader.items(reader.child(reader.child(source, 'kustomize'), 'components'))) reader.path(item, folder);
  }
}
