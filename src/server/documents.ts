import type { Connection, TextDocuments } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { fileURLToPath } from 'node:url';
import { DisposableStore, type Disposable } from '../base/lifecycle.ts';
import type { EngineApi } from '../engine/engineApi.ts';

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
