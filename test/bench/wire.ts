import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to an API server that counts the bytes on the wire, TLS included, the same for every client. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #received = 0;
  #sent = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((client) => {
      const upstream = connect(target.port, target.host);
      client.setNoDelay(true);
      upstream.setNoDelay(true);
      upstream.on('data', (chunk: Buffer) => (this.#received += chunk.length));
      client.on('data', (chunk: Buffer) => (this.#sent += chunk.length));
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        const end = (): void => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        };
        socket.on('close', end);
        socket.on('error', end);
      }
      client.pipe(upstream);
      upstream.pipe(client);
    });
  }

  /** @param serverUrl `https://127.0.0.1:PORT`: its certificate holds for the wire's own port, too */
  static async open(serverUrl: string): Promise<Wire> {
    const { hostname, port } = new URL(serverUrl);
    const wire = new Wire({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  /** Bytes that clients received and sent so far. */
  get bytes(): number {
    return this.#received + this.#sent;
  }

  /** A copy of a kubeconfig that leads through the wire. @returns its path */
  async kubeconfig(path: string, serverUrl: string): Promise<string> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the wire is closed');
    const text = await readFile(path, 'utf8');
    const copy = `${path}.wire`;
    await writeFile(copy, text.replaceAll(serverUrl, `https://127.0.0.1:${address.port}`), { mode: 0o600 });
    return copy;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
