import {
  type CompletionItem,
  CompletionItemKind,
  type Connection,
  type Location,
  type ServerCapabilities,
} from 'vscode-languageserver/node';
import { pathToFileURL } from 'node:url';
import type { EngineApi } from '../engine/engineApi.ts';
import type { FileRange } from '../engine/model/application.ts';
import { orNothing } from './cancellation.ts';
import { toFile } from './documents.ts';
import { toRange } from './ranges.ts';

/** Capabilities of {@link registerLanguage}. */
export const languageCapabilities: ServerCapabilities = {
  definitionProvider: true,
  referencesProvider: true,
  completionProvider: { triggerCharacters: [':', ' ', '/', '-'], resolveProvider: false },
};

/**
 * Definition and references between the files of a repo, completion of plumbline.yaml.
 * @param onError takes failures, for the log
 */
export function registerLanguage(connection: Connection, engine: EngineApi, onError: (error: unknown) => void): void {
  connection.onDefinition(({ textDocument, position: { line, character } }, token) =>
    orNothing<Location[]>(token, [], onError, async () => {
      const file = toFile(textDocument.uri);
      return file === undefined ? [] : (await engine.editor.definition(file, line, character)).map(toLocation);
    }),
  );
  connection.onReferences(({ textDocument, position }, token) =>
    orNothing<Location[]>(token, [], onError, async () => {
      const file = toFile(textDocument.uri);
      return file === undefined ? [] : (await engine.editor.references(file, position.line)).map(toLocation);
    }),
  );
  connection.onCompletion(({ textDocument, position: { line, character } }, token) =>
    orNothing<CompletionItem[]>(token, [], onError, async () => {
      const file = toFile(textDocument.uri);
      if (file === undefined) return [];
      const { contexts } = file.endsWith('/plumbline.yaml') ? await engine.contexts() : { contexts: [] };
      const found = await engine.editor.completions(
        file,
        line,
        character,
        contexts.map(({ name }) => name),
      );
      return found.map(({ label, isKey, documentation, insertText }) => ({
        label,
        insertText,
        kind: isKey ? CompletionItemKind.Property : CompletionItemKind.Value,
        ...(documentation === undefined ? {} : { documentation }),
      }));
    }),
  );
}

/** A range of the engine whose file is absolute. */
function toLocation(range: FileRange): Location {
  return { uri: pathToFileURL(range.file).href, range: toRange(range) };
}
