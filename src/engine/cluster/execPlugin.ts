import { spawn } from 'node:child_process';
import { isAbsolute, join, sep } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { isJsonObject, type JsonObject, stringAt } from '../model/json.ts';
import type { ExecConfig } from './kubeconfig.ts';

/** What a plugin gave. `expiresAtMs` is epoch milliseconds. */
interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly expiresAtMs: number | undefined;
}

/** How a plugin is run. */
export interface ExecRun {
  readonly exec: ExecConfig;
  /** relative commands with a separator start here */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `spec.cluster`, when the plugin asks for it */
  readonly clusterInfo: JsonObject | undefined;
  /** a person asked for it now: a browser may open, and there is time */
  readonly isInteractive: boolean;
  readonly context: string;
}

const API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const BACKGROUND_TIMEOUT_MS = 20_000;
const INTERACTIVE_TIMEOUT_MS = 300_000;
const PIPES_MS = 1_000;
const MAX_OUTPUT_BYTES = 1 << 20;

/** Plugins that open a browser by themselves, with the argument that keeps it shut. */
const QUIET_ARGUMENTS: readonly { readonly command: RegExp; readonly args: RegExp; readonly add: string }[] = [
  { command: /(kubectl|oidc[-_]login)(\.exe)?$/, args: /(^|\s)(oidc-login\s+)?get-token(\s|$)/, add: '--skip-open-browser' },
  { command: /pinniped(\.exe)?$/, args: /^login\s/, add: '--skip-browser' },
];

/** What plugins say when their own login has ended (aws sso, gcloud, az/kubelogin, tsh, oidc-login). */
const SIGN_IN_WORDS = /\b(sso|log ?in|logged|re-?auth\w*|sign ?in|interactive|expired|device code|browser)\b/i;

/**
 * Runs a credential plugin (KEP-541, client.authentication.k8s.io) without a terminal.
 * In the background a plugin that needs a person is not started (`interactiveMode: Always`), gets no display to open a browser on,
 * and is ended after 20 s.
 * @throws `sign-in-needed`, `credential-plugin-missing`, `credential-plugin-failed`, `credential-plugin-invalid`
 */
export async function runExecPlugin(run: ExecRun, signal: AbortSignal): Promise<ExecCredential> {
  const { exec, context } = run;
  const at = { context, command: exec.command };
  if (exec.command === '') throw new AppError('credential-plugin-invalid', { ...at, message: 'no command is given' });
  if (!API_VERSIONS.includes(exec.apiVersion)) {
    throw new AppError('credential-plugin-invalid', { ...at, message: `its API version '${exec.apiVersion}' is not supported` });
  }
  if (exec.interactiveMode === 'Always' && !run.isInteractive)
    throw new AppError('sign-in-needed', { ...at, message: 'it asks for a terminal' });
  const output = await start(run, signal);
  return parseCredential(output, exec.apiVersion, at);
}

function start(run: ExecRun, signal: AbortSignal): Promise<string> {
  const { exec, isInteractive } = run;
  const at = { context: run.context, command: exec.command };
  const command =
    !isAbsolute(exec.command) && (exec.command.includes('/') || exec.command.includes(sep)) ? join(run.folder, exec.command) : exec.command;
  const args = [...exec.args];
  const env: Record<string, string | undefined> = { ...run.environment, ...exec.env };
  env['KUBERNETES_EXEC_INFO'] = JSON.stringify({
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { ...(run.clusterInfo === undefined ? {} : { cluster: run.clusterInfo }), interactive: false },
  });
  if (!isInteractive) {
    delete env['DISPLAY'];
    delete env['WAYLAND_DISPLAY'];
    const joined = exec.args.join(' ');
    for (const quiet of QUIET_ARGUMENTS) if (quiet.command.test(command) && quiet.args.test(joined)) args.push(quiet.add);
  }
  const timeoutMs = isInteractive ? INTERACTIVE_TIMEOUT_MS : BACKGROUND_TIMEOUT_MS;
  return new Promise<string>((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, signal });
    let stdout = '';
    let stderr = '';
    let hasTimedOut = false;
    const timer = setTimeout(() => {
      hasTimedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4096);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      if (signal.aborted) reject(error);
      else if ('code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) {
        reject(new AppError('credential-plugin-missing', { ...at, ...(exec.installHint === undefined ? {} : { hint: exec.installHint }) }));
      } else reject(new AppError('credential-plugin-failed', { ...at, message: error.message }));
    });
    const settle = (code: number | null, killedBy: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      clearTimeout(pipesTimer);
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) resolve(stdout);
      else if (hasTimedOut) {
        const message = `it did not answer within ${String(timeoutMs / 1000)} s`;
        reject(new AppError(isInteractive ? 'credential-plugin-failed' : 'sign-in-needed', { ...at, message }));
      } else {
        const message = lastWords(stderr) || `exit ${code === null ? (killedBy ?? 'unknown') : String(code)}`;
        reject(new AppError(SIGN_IN_WORDS.test(stderr) ? 'sign-in-needed' : 'credential-plugin-failed', { ...at, message }));
      }
    };
    let pipesTimer: NodeJS.Timeout | undefined;
    // Pipes stay open while a grandchild (a browser helper) lives; what was printed until shortly after the exit decides then.
    child.on('exit', (code, killedBy) => {
      pipesTimer = setTimeout(settle, PIPES_MS, code, killedBy);
    });
    child.on('close', settle);
  });
}

/** The end of a plugin's complaint on one line, with everything that could be a token masked. */
function lastWords(stderr: string): string {
  const text = stderr.trim().replaceAll(/\s+/g, ' ').slice(-300);
  return text.replaceAll(/[\w+/=.-]{32,}/g, '***');
}

function parseCredential(output: string, apiVersion: string, at: { context: string; command: string }): ExecCredential {
  const bad = (message: string): AppError => new AppError('credential-plugin-invalid', { ...at, message });
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw bad('its answer is not JSON');
  }
  if (!isJsonObject(answer) || answer['kind'] !== 'ExecCredential') throw bad('its answer is no ExecCredential');
  if (answer['apiVersion'] !== apiVersion) throw bad(`its answer is not of API version ${apiVersion}`);
  const status = answer['status'];
  if (!isJsonObject(status)) throw bad('its answer has no status');
  const token = stringAt(status, 'token');
  const certificate = stringAt(status, 'clientCertificateData');
  const key = stringAt(status, 'clientKeyData');
  if (token === undefined && certificate === undefined) throw bad('its answer has neither token nor certificate');
  if ((certificate === undefined) !== (key === undefined)) throw bad('its answer has only one of certificate and key');
  const expiry = Date.parse(stringAt(status, 'expirationTimestamp') ?? '');
  return { token, certificate, key, expiresAtMs: Number.isNaN(expiry) ? undefined : expiry };
}
