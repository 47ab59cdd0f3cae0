import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { goBinary, type GoBinaryName } from './goBinaries.mjs';
import { type RunningProcess, startProcess } from './processes.mjs';

/** Environment of Go programs of a test: a quarter of a young API server's processor time goes into collecting memory that a test never fills. */
export const NO_COLLECTION = { GOGC: 'off', GOMEMLIMIT: '800MiB' };

const READY_TIMEOUT_MS = 180_000;
const POLL_MS = 40;

/** The programs of one control plane, each once: started, awaited until they answer, ended. Their logs are `NAME.log` in its folder. */
export class ServerPrograms {
  readonly #dir: string;
  readonly #options: { readonly isLasting?: boolean; readonly signal?: AbortSignal };
  readonly #running = new Map<GoBinaryName, RunningProcess>();

  /** @param options `isLasting`: the programs collect memory as Go does it by itself; `signal` ends starting and waiting, not the programs */
  constructor(dir: string, options: { readonly isLasting?: boolean; readonly signal?: AbortSignal }) {
    this.#dir = dir;
    this.#options = options;
  }

  /** Starts a program, built first where the cache does not have it; {@link ready} tells when it answers. */
  async start(name: GoBinaryName, args: readonly string[]): Promise<void> {
    const path = await goBinary(name, this.#options);
    this.#options.signal?.throwIfAborted();
    const env = this.#options.isLasting === true ? process.env : { ...process.env, ...NO_COLLECTION };
    this.#running.set(name, startProcess(path, args, { cwd: this.#dir, env, log: join(this.#dir, `${name}.log`) }));
  }

  /** Ends a program, with this signal first; harmless when it does not run. */
  async stop(name: GoBinaryName, signal?: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    await running?.stop(signal);
  }

  /**
   * Polls until `isReady`, which may also reject until then.
   * @throws Error with the end of the program's log when it ends meanwhile, or is not ready after three minutes
   */
  async ready(name: GoBinaryName, isReady: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    const ended = { yes: false };
    void this.#running.get(name)?.exited.then(() => (ended.yes = true));
    let reason = 'no answer';
    for (;;) {
      this.#options.signal?.throwIfAborted();
      try {
        if (await isReady()) return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      if (ended.yes || Date.now() > deadline) {
        const log = await readFile(join(this.#dir, `${name}.log`), 'utf8').catch(() => '');
        throw new Error(
          `${name} ${ended.yes ? 'ended' : `is not ready after ${READY_TIMEOUT_MS / 1000} s (${reason})`}:\n${log.slice(-3000)}`,
        );
      }
      await delay(POLL_MS);
    }
  }
}
