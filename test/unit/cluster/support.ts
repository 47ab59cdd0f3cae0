import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { Credentials } from '../../../src/engine/cluster/credentials.ts';
import type { ResolvedContext } from '../../../src/engine/cluster/kubeconfig.ts';
import { Transport, type TransportTimes } from '../../../src/engine/cluster/transport.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server of the test's own that answers with faults a real API server cannot be made to show, and a transport to it. */
export async function faultyServer(
  t: TestContext,
  answer: Answer,
  options: {
    readonly times?: Partial<TransportTimes>;
    readonly isTrusted?: () => boolean;
    readonly environment?: Record<string, string>;
  } = {},
): Promise<{ transport: Transport; server: string; context: ResolvedContext; asked: string[] }> {
  const asked: string[] = [];
  const listener = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const server = `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`;
  const context: ResolvedContext = {
    name: 'dev',
    namespace: 'default',
    server,
    cluster: {},
    user: { token: 't' },
    userName: 'u',
    userFolder: '/',
  };
  const host = {
    isTrusted: options.isTrusted ?? ((): boolean => true),
    environment: (): Record<string, string> => options.environment ?? {},
  };
  const transport = new Transport({ context: 'dev', server }, new Credentials(context, host), host, options.times);
  t.after(() => {
    transport.dispose();
    listener.closeAllConnections();
    listener.close();
  });
  return { transport, server, context, asked };
}

/** Sends a JSON answer. */
export function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A proxy for CONNECT; `seen` has the targets of its tunnels. */
export async function tunnelProxy(t: TestContext): Promise<{ proxyUrl: string; seen: string[] }> {
  const seen: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, client) => {
    seen.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const address = proxy.address();
  return { proxyUrl: `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`, seen };
}
