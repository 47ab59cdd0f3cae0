import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { AppError, isAppError, toError } from '../../base/errors.ts';
import { proxyFromEnvironment } from '../cluster/proxyEnvironment.ts';

/** How remote files are fetched. */
export interface RemoteFetchOptions {
  /** the environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** largest content in bytes; default 64 MB */
  readonly maxBytes?: number;
  /** of one file with its redirects, in ms; default one minute */
  readonly timeoutMs?: number;
}

const MAX_REDIRECTS = 10;
const MAX_BYTES = 64 << 20;
const TIMEOUT_MS = 60_000;

/**
 * Gets one file over http(s), through the environment's proxy when one is set. Follows redirects to http(s) only; a user name and password
 * in the URL go to its own host only.
 * @throws AppError `remote-failed` with `{url, problem}`; the signal's reason
 */
export async function fetchRemoteFile(url: string, signal: AbortSignal, options: RemoteFetchOptions): Promise<Uint8Array> {
  const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, timeout]);
  const failed = (problem: string, cause?: unknown): AppError => new AppError('remote-failed', { url, problem }, { cause });
  try {
    let location = new URL(url);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      if (location.protocol !== 'https:' && location.protocol !== 'http:') throw failed(`${location.protocol} is neither http nor https`);
      const response = await get(location, options.environment, both);
      const { statusCode = 0, headers } = response;
      if ([301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined) {
        response.destroy();
        location = new URL(headers.location, withoutUser(location));
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw failed(`${location.host} answers with status ${String(statusCode)}`);
      }
      return await read(response, maxBytes, failed);
    }
    throw failed(`more than ${String(MAX_REDIRECTS)} redirects`);
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw failed(`no answer in ${String(timeoutMs / 1000)} s`, error);
    throw isAppError(error) ? error : failed(toError(error).message, error);
  }
}

async function read(response: http.IncomingMessage, maxBytes: number, failed: (problem: string) => AppError): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw failed(`it is larger than ${String(maxBytes >> 20)} MB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

async function get(url: URL, environment: RemoteFetchOptions['environment'], signal: AbortSignal): Promise<http.IncomingMessage> {
  const proxy = proxyFromEnvironment(url.origin, environment);
  const headers: Record<string, string> = {
    'user-agent': 'plumbline',
    accept: '*/*',
    host: url.host,
    ...authorization('authorization', url),
  };
  const target = `${url.pathname}${url.search}`;
  const common = { method: 'GET', headers, signal, agent: false } as const;
  if (proxy === undefined) {
    const { hostname, port } = url;
    const options = { ...common, hostname: hostname.replace(/^\[|\]$/g, ''), port, path: target };
    return responseOf(url.protocol === 'https:' ? https.request(options) : http.request(options));
  }
  const via = new URL(proxy);
  if (via.protocol !== 'http:' && via.protocol !== 'https:') throw new Error(`a proxy of kind ${via.protocol} is not supported`);
  const hop = { hostname: via.hostname.replace(/^\[|\]$/g, ''), port: via.port, signal, agent: false } as const;
  const proxyHeaders = authorization('proxy-authorization', via);
  const throughProxy = via.protocol === 'https:' ? https : http;
  if (url.protocol === 'http:') {
    return responseOf(
      throughProxy.request({ ...hop, method: 'GET', path: `${url.origin}${target}`, headers: { ...headers, ...proxyHeaders } }),
    );
  }
  const authority = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  const tunnel = throughProxy.request({ ...hop, method: 'CONNECT', path: authority, headers: { host: authority, ...proxyHeaders } });
  const socket = await connected(tunnel);
  const servername = url.hostname.replace(/^\[|\]$/g, '');
  return responseOf(https.request({ ...common, path: target, createConnection: () => tls.connect({ socket, servername }) }));
}

function authorization(header: string, { username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { [header]: `Basic ${Buffer.from(text).toString('base64')}` };
}

function responseOf(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject).end();
  });
}

function connected(request: http.ClientRequest): Promise<Socket> {
  return new Promise((resolve, reject) => {
    request
      .once('connect', (response, socket) => {
        if (response.statusCode === 200) resolve(socket);
        else {
          socket.destroy();
          reject(new Error(`the proxy answers with status ${String(response.statusCode)}`));
        }
      })
      .once('response', (response) => {
        response.destroy();
        reject(new Error(`the proxy answers with status ${String(response.statusCode)}`));
      })
      .once('error', reject)
      .end();
  });
}
