import { readFile, writeFile } from 'node:fs/promises';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ControlPlane } from './controlPlane.ts';

/**
 * What may go wrong with one request. Byte counts are of the answer's body.
 * `refuse`: this status instead of an answer, the server never sees the request; `cut`: the connection breaks, before the server sees the
 * request, or after so many bytes of the answer; `stall`: the connection stays open and says nothing more; `slow`: so many bytes a second;
 * `half`: the answer ends in order, in the middle of a line.
 */
export type Fault =
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'cut'; readonly afterBytes?: number }
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  | { readonly kind: 'half'; readonly afterBytes: number };

/**
 * What may go wrong with a watch that is open. `gone`: the event ERROR with 410; `lying bookmark`: of the next event only its
 * resourceVersion is told, as a bookmark, then the connection breaks; `garbage`: a line that is no event; `half event`: half of the next
 * event, then the answer ends in order.
 */
export type WatchFault = 'cut' | 'stall' | 'gone' | 'lying bookmark' | 'garbage' | 'half event';

/** A request as the proxy sees it. */
export interface SeenRequest {
  readonly method: string;
  /** with the query */
  readonly path: string;
  readonly isWatch: boolean;
}

/** A watch that the client holds open. */
export interface OpenWatch {
  /** without the query */
  readonly path: string;
  strike(fault: WatchFault): void;
}

interface Rule {
  readonly matches: (request: SeenRequest) => boolean;
  readonly fault: Fault;
  left: number;
}

const REASONS: Readonly<Record<number, string>> = {
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

/** An HTTPS proxy before a control plane, with the control plane's own certificate; it does what it is told to get requests wrong. */
export class ChaosProxy {
  readonly #plane: ControlPlane;
  readonly #server: https.Server;
  readonly #agent = new https.Agent({ keepAlive: true, maxFreeSockets: 32, rejectUnauthorized: false });
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<Watch>();
  readonly #rules: Rule[] = [];
  /** asked for each request that no rule takes; undefined lets it pass */
  decide: (request: SeenRequest) => Fault | undefined = () => undefined;
  /** every request so far, in order: `GET /api/v1/pods?watch=1` */
  readonly seen: string[] = [];
  /** how often each fault was done */
  readonly done = new Map<string, number>();
  /** most watches of one path that were open at a time */
  mostAlike = 0;
  #port = 0;

  private constructor(plane: ControlPlane, certificate: { readonly cert: Buffer; readonly key: Buffer }) {
    this.#plane = plane;
    this.#server = https.createServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (request, response) => {
      this.#take(request, response);
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#server.requestTimeout = 0;
  }

  /** Starts a proxy on a free port. Stop it in the test's `t.after`. */
  static async start(plane: ControlPlane): Promise<ChaosProxy> {
    const [cert, key] = await Promise.all(['crt', 'key'].map((end) => readFile(join(plane.dir, 'certs', `apiserver.${end}`))));
    if (cert === undefined || key === undefined) throw new Error('no certificate');
    const proxy = new ChaosProxy(plane, { cert, key });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy.#port = address.port;
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** Connections that clients hold now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** The watches that clients hold open now. */
  get watches(): readonly OpenWatch[] {
    return [...this.#watches];
  }

  /** Writes and returns a kubeconfig like the one at `path`, through this proxy. @param path default: the admin's */
  async kubeconfig(path: string = this.#plane.kubeconfigPath): Promise<string> {
    const file = path.replace(/\.kubeconfig$/, `-${this.#port}.kubeconfig`);
    await writeFile(file, (await readFile(path, 'utf8')).replaceAll(this.#plane.serverUrl, this.url), { mode: 0o600 });
    return file;
  }

  /** The next `times` requests that match get this fault. */
  strike(matches: (request: SeenRequest) => boolean, fault: Fault, times = 1): void {
    this.#rules.push({ matches, fault, left: times });
  }

  /** No faults from now on; what was stalled stays so. */
  calm(): void {
    this.#rules.length = 0;
    this.decide = () => undefined;
  }

  /** Cuts everything and closes. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    const seen: SeenRequest = { method: request.method ?? 'GET', path, isWatch: /[?&]watch=(1|true)/.test(path) };
    this.seen.push(`${seen.method} ${path}`);
    const fault = this.#faultFor(seen);
    if (fault !== undefined) this.#count(fault.kind === 'refuse' ? `refuse ${fault.status}` : fault.kind);
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    if (fault?.kind === 'refuse') {
      request.resume();
      refuse(response, fault);
    } else if (fault?.kind === 'cut' && fault.afterBytes === undefined) request.destroy();
    else if (fault?.kind === 'stall' && fault.afterBytes === undefined) request.resume();
    else this.#pass(request, response, seen, fault);
  }

  #faultFor(seen: SeenRequest): Fault | undefined {
    const rule = this.#rules.find((one) => one.matches(seen));
    if (rule === undefined) return this.decide(seen);
    rule.left -= 1;
    if (rule.left <= 0) this.#rules.splice(this.#rules.indexOf(rule), 1);
    return rule.fault;
  }

  #pass(request: IncomingMessage, response: ServerResponse, seen: SeenRequest, fault: Fault | undefined): void {
    const target = new URL(this.#plane.serverUrl);
    const headers = forwarded(request.headers);
    if (seen.isWatch) delete headers['accept-encoding'];
    const upstream = https.request(
      {
        hostname: target.hostname,
        port: target.port,
        method: seen.method,
        path: seen.path,
        headers,
        agent: this.#agent,
        rejectUnauthorized: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
        if (seen.isWatch && answer.statusCode === 200)
          this.#follow(
            new Watch(seen, answer, response, (kind) => {
              this.#count(kind);
            }),
          );
        else if (fault === undefined) answer.pipe(response);
        else spoil(answer, response, fault);
        answer.on('error', () => response.destroy());
      },
    );
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  #follow(watch: Watch): void {
    this.#watches.add(watch);
    this.mostAlike = Math.max(this.mostAlike, [...this.#watches].filter(({ path }) => path === watch.path).length);
    watch.response.on('close', () => this.#watches.delete(watch));
    watch.start();
  }

  #count(kind: string): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }
}

/** One open watch: whole lines go through, until it is struck. */
class Watch implements OpenWatch {
  readonly path: string;
  readonly response: ServerResponse;
  readonly #answer: IncomingMessage;
  readonly #count: (kind: string) => void;
  #rest = '';
  #next: WatchFault | undefined;

  constructor(seen: SeenRequest, answer: IncomingMessage, response: ServerResponse, count: (kind: string) => void) {
    this.path = seen.path.replace(/\?.*$/, '');
    this.response = response;
    this.#answer = answer;
    this.#count = count;
  }

  start(): void {
    this.response.flushHeaders();
    this.#answer.setEncoding('utf8');
    this.#answer.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    });
    this.#answer.on('end', () => this.response.end());
  }

  strike(fault: WatchFault): void {
    if (this.#next !== undefined || this.response.destroyed) return;
    if (fault === 'lying bookmark' || fault === 'half event') {
      this.#next = fault;
      return;
    }
    this.#count(fault);
    this.#next = fault;
    this.#answer.removeAllListeners('data').resume();
    if (fault === 'cut') this.response.destroy();
    if (fault === 'gone') {
      const object = {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        reason: 'Expired',
        code: 410,
        message: 'too old resource version',
      };
      this.response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    if (fault === 'garbage') this.response.end('{"type":"MODIFIED","obj\n');
    if (fault === 'stall') this.#answer.removeAllListeners('end');
  }

  #line(line: string): void {
    if (this.#next === undefined) {
      this.response.write(`${line}\n`);
      return;
    }
    if (this.response.writableEnded || this.response.destroyed) return;
    const { type, object } = JSON.parse(line) as {
      type: string;
      object: { kind: string; apiVersion: string; metadata: { resourceVersion: string } };
    };
    if (type === 'BOOKMARK' || type === 'ERROR') {
      this.response.write(`${line}\n`);
      return;
    }
    this.#count(this.#next);
    if (this.#next === 'half event') {
      this.response.end(line.slice(0, Math.floor(line.length / 2)));
      return;
    }
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const bookmark = { type: 'BOOKMARK', object: { kind: object.kind, apiVersion: object.apiVersion, metadata } };
    this.response.write(`${JSON.stringify(bookmark)}\n`, () => this.response.destroy());
  }
}

function refuse(response: ServerResponse, { status, retryAfterSeconds }: Fault & { readonly kind: 'refuse' }): void {
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  const reason = REASONS[status] ?? 'Unknown';
  response.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason,
      code: status,
      message: `chaos: ${http.STATUS_CODES[status] ?? status}`,
    }),
  );
}

/** Sends an answer wrongly. */
function spoil(answer: IncomingMessage, response: ServerResponse, fault: Fault): void {
  if (fault.kind === 'slow') {
    void trickle(answer, response, fault.bytesPerSecond);
    return;
  }
  let left = fault.kind === 'refuse' ? 0 : (fault.afterBytes ?? 0);
  let isOver = false;
  answer.on('data', (chunk: Buffer) => {
    if (isOver) return;
    response.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    isOver = true;
    if (fault.kind === 'cut') response.destroy();
    else if (fault.kind === 'half') endEarly(response);
  });
  answer.on('end', () => {
    if (!isOver) response.end();
  });
}

/** An answer whose length was told cannot end early in order. */
function endEarly(response: ServerResponse): void {
  if (response.hasHeader('content-length')) response.destroy();
  else response.end();
}

async function trickle(answer: IncomingMessage, response: ServerResponse, bytesPerSecond: number): Promise<void> {
  const piece = Math.max(1, Math.ceil(bytesPerSecond / 20));
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; from += piece) {
      if (response.destroyed) return;
      response.write(chunk.subarray(from, from + piece));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  response.end();
}

function forwarded(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && name !== 'host'));
}
