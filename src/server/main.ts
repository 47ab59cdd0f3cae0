import { createConnection, ProposedFeatures, TextDocuments } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { PlumblineServer } from './plumblineServer.ts';
import { logUnhandled } from './unhandled.ts';

/** Entry of the engine's process: one per editor window, spoken to by LSP over the transport named on the command line. */
const connection = createConnection(ProposedFeatures.all);
process.on('unhandledRejection', (reason) => {
  logUnhandled(reason, (text) => {
    connection.console.error(text);
  });
});
// The channel to the editor is gone without a word: nobody is left to work for.
process.on('disconnect', () => {
  process.exit(1);
});
const server = new PlumblineServer(connection, new TextDocuments(TextDocument));
server.listen();
