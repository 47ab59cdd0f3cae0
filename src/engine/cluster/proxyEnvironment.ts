import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that an HTTPS or HTTP request to `server` goes through by the environment, or undefined.
 * Semantics of Go's golang.org/x/net/http/httpproxy, which kubectl follows: upper case first, loopback never proxied,
 * NO_PROXY entries are `*`, domains (also their subdomains), addresses, CIDR ranges, each with an optional port.
 */
export function proxyFromEnvironment(server: string, environment: Environment): string | undefined {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const scheme = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = environment[scheme] ?? environment[scheme.toLowerCase()] ?? '';
  if (proxy === '' || isLoopback(host)) return undefined;
  const exceptions = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  for (const entry of exceptions.split(',')) if (matches(entry.trim().toLowerCase(), host, port)) return undefined;
  return /^\w+:\/\//.test(proxy) ? proxy : `http://${proxy}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const hostFamily = isIP(host);
  const [, range, bits] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
  if (range !== undefined && bits !== undefined) {
    const family = isIP(range);
    if (family === 0 || family !== hostFamily || Number(bits) > (family === 4 ? 32 : 128)) return false;
    const list = new BlockList();
    list.addSubnet(range, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
  }
  let name = entry;
  const withPort = /^(.*[^:]):(\d+)$/.exec(entry);
  if (withPort !== null && isIP(entry) === 0) {
    if (withPort[2] !== port) return false;
    name = withPort[1] ?? '';
  }
  name = name.replace(/^\[|\]$/g, '');
  if (isIP(name) !== 0) return name === host;
  if (hostFamily !== 0) return false;
  if (name.startsWith('*.')) name = name.slice(1);
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}
