import type { Connection, TextDocuments } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { fileURLToPath } from 'node:url';
import { coalesce } from '../base/async.ts';
import { DisposableStore, type Disposable } from '../base/lifecycle.ts';
import type { EngineApi } from '../engine/engineApi.ts';

/** documents of an object that changes all the time are read again so often */
const documentsIntervalMs = 100;
const longestDocumentsMs = 1_000;

/** The absolute path of a `file:` URI, or undefined for every other scheme. */
export function toFile(uri: string): string | undefined {
  return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
}

/**
 * Lays open buffers over the working tree: the engine counts one as unsaved when its text differs from the disk.
 * @returns ends the wiring
 */
export function followDocuments(connection: Connection, documents: TextDocuments<TextDocument>, engine: EngineApi): Disposable {
  const store = new DisposableStore();
  store.add(
    documents.onDidChangeContent(({ document }) => {
      const file = toFile(document.uri);
      if (file !== undefined) engine.setBuffer(file, document.getText());
    }),
  );
  store.add(
    documents.onDidClose(({ document }) => {
      const file = toFile(document.uri);
      if (file !== undefined) engine.setBuffer(file, undefined);
    }),
  );
  store.add(documents.listen(connection));
  return store;
}

/**
 * Tells which documents of objects have another text, all of an interval at once.
 * @param tell one application with the `keyString`s of its objects; none: all of them
 * @returns ends it
 */
export function tellOfDocuments(
  engine: Pick<EngineApi, 'onDidChangeDocuments'>,
  tell: (change: { readonly applicationId: string; readonly keys: readonly string[] }) => void,
): Disposable {
  const store = new DisposableStore();
  const changed = new Map<string, Set<string> | 'all'>();
  const flush = store.add(
    coalesce(
      documentsIntervalMs,
      () => {
        const told = [...changed];
        changed.clear();
        for (const [applicationId, keys] of told) tell({ applicationId, keys: keys === 'all' ? [] : [...keys] });
      },
      longestDocumentsMs,
    ),
  );
  store.add(
    engine.onDidChangeDocuments(({ applicationId, keys }) => {
      const known = changed.get(applicationId) ?? new Set<string>();
      changed.set(applicationId, known === 'all' || keys.length === 0 ? 'all' : known.union(new Set(keys)));
      flush.request();
    }),
  );
  return store;
}
