import { goBinary } from './goBinaries.mjs';
import { run } from './processes.mjs';

/** How to run a command of {@link kubectl}, {@link kustomize} or {@link helm}. */
export interface CommandOptions {
  /** Path of a kubeconfig file; without it the command sees none. */
  readonly kubeconfig?: string;
  /** Text for its stdin. */
  readonly input?: string;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Exit codes that are no failure; default only 0. */
  readonly okCodes?: readonly number[];
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Path of kubectl 1.36, built when missing. */
export function kubectlPath(): Promise<string> {
  return goBinary('kubectl');
}

/** Path of the native kustomize whose library version the renderer has, built when missing. */
export function kustomizePath(): Promise<string> {
  return goBinary('kustomize');
}

/** Path of the native helm whose library version the renderer has, built when missing. */
export function helmPath(): Promise<string> {
  return goBinary('helm');
}

function execute(path: string, args: readonly string[], options: CommandOptions): Promise<string> {
  return run(path, args, {
    cwd: options.cwd,
    input: options.input,
    signal: options.signal,
    okCodes: options.okCodes,
    env: { ...process.env, ...options.env, KUBECONFIG: options.kubeconfig ?? '/dev/null' },
  });
}

/** Runs kubectl and returns its stdout; throws with its stderr. */
export async function kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return execute(await kubectlPath(), args, options);
}

/** Runs the native kustomize and returns its stdout; throws with its stderr. */
export async function kustomize(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return execute(await kustomizePath(), args, options);
}

/** Runs the native helm and returns its stdout; throws with its stderr. */
export async function helm(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return execute(await helmPath(), args, options);
}
