// The lazy chunk: the only file that imports vscode-languageclient. Loaded after activation.
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, State, TransportKind } from 'vscode-languageclient/node';
import type { LogOutputChannel } from 'vscode';
import type { EngineConnection, EngineLaunch } from './connection.ts';
import { engineArguments } from '../../protocol/engineProcess.ts';

/** Commands that hovers of the engine may link to. */
const linkedCommands = [
  'plumbline.openDiff',
  'plumbline.openSource',
  'plumbline.reveal',
  'plumbline.revert',
  'plumbline.threeSides',
  'plumbline.adopt',
  'plumbline.removeFromGit',
  'plumbline.ignoreField',
];

/**
 * Starts the engine's process and speaks LSP over IPC with it.
 * @returns the connection once the engine has answered `initialize`
 */
export async function connectEngine(launch: EngineLaunch, log: LogOutputChannel): Promise<EngineConnection> {
  const { events } = launch;
  let isStopping = false;
  const server = { module: launch.module, transport: TransportKind.ipc, options: { execArgv: [...engineArguments] } };
  const client = new LanguageClient(
    'plumbline',
    'Plumbline',
    { run: server, debug: { ...server, options: { execArgv: [...engineArguments, '--nolazy', '--inspect=6019'] } } },
    {
      // Every text file: unsaved buffers of templates, values and scripts count as much as manifests.
      documentSelector: [{ scheme: 'file' }],
      diagnosticCollectionName: 'plumbline',
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: launch.initializationOptions,
      initializationFailedHandler: () => false,
      markdown: { isTrusted: { enabledCommands: linkedCommands } },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          if (isStopping) return { action: CloseAction.DoNotRestart, handled: true };
          if (launch.mayRestart()) {
            events.onRestarting();
            return { action: CloseAction.Restart, handled: true };
          }
          events.onFailed(new Error('the engine ended too often'));
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) events.onRunning();
  });
  const handlers = events.onNotification;
  client.onNotification('plumbline/changed', handlers['plumbline/changed']);
  client.onNotification('plumbline/decorations', handlers['plumbline/decorations']);
  client.onNotification('plumbline/documentsChanged', handlers['plumbline/documentsChanged']);
  client.onNotification('plumbline/progress', handlers['plumbline/progress']);
  client.onNotification('plumbline/syncProgress', handlers['plumbline/syncProgress']);
  client.onRequest('plumbline/push', launch.answers['plumbline/push']);
  client.onRequest('plumbline/fetch', launch.answers['plumbline/fetch']);
  await client.start();
  return {
    // An undefined token would travel as a second parameter.
    request: (name, params, token) => (token === undefined ? client.sendRequest(name, params) : client.sendRequest(name, params, token)),
    notify: (name, params) => client.sendNotification(name, params),
    stop: async () => {
      isStopping = true;
      await client.dispose();
    },
  };
}
