import { once } from 'node:events';

/** A node of V8's CPU profile. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** microseconds since the sample before */
  readonly timeDeltas: readonly number[];
}

/** What the extension host did while it was watched; all times in milliseconds. */
export interface HostWork {
  /** how long code of ours ran without a pause, one figure for each time that it ran, longest first */
  readonly tasks: readonly number[];
  /** how much later than asked for a timer of the host fired: whoever held it, or the machine */
  readonly delayP99: number;
  readonly delayMax: number;
}

const samplingMicroseconds = 500;
/** Longer than this between two samples nothing ran: the machine had given the processor to another process. */
const longestSampleMs = 4;
const patienceMs = 30_000;

/** The extension host of a window, watched through Node's inspector. */
export class ExtensionHost {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: { readonly result?: unknown; readonly error?: { readonly message: string } }) => void>();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    });
  }

  /** Connects to the host of a window that was opened with `inspect-extensions=<port>` in its payload. */
  static async connect(port: number): Promise<ExtensionHost> {
    const deadlineMs = Date.now() + patienceMs;
    for (;;) {
      const targets = await fetch(`http://127.0.0.1:${port}/json/list`).then(
        async (response) => (await response.json()) as { webSocketDebuggerUrl: string }[],
        () => [],
      );
      const [target] = targets;
      if (target !== undefined) {
        const socket = new WebSocket(target.webSocketDebuggerUrl);
        await once(socket, 'open');
        return new ExtensionHost(socket);
      }
      if (Date.now() > deadlineMs) throw new Error('The extension host cannot be inspected.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Begins to watch. */
  async watch(): Promise<void> {
    await this.#evaluate(
      `globalThis.plumblineDelay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 2 }); plumblineDelay.enable();`,
    );
    await this.#call('Profiler.enable');
    await this.#call('Profiler.setSamplingInterval', { interval: samplingMicroseconds });
    await this.#call('Profiler.start');
  }

  /** Ends watching. @param isOurs tells code of ours by the URL of its script */
  async work(isOurs: (url: string) => boolean): Promise<HostWork> {
    const { profile } = (await this.#call('Profiler.stop')) as { profile: Profile };
    const delay = JSON.parse(
      String(await this.#evaluate('JSON.stringify({ p99: plumblineDelay.percentile(99) / 1e6, max: plumblineDelay.max / 1e6 })')),
    ) as { p99: number; max: number };
    return { tasks: tasksOf(profile, isOurs).sort((left, right) => right - left), delayP99: delay.p99, delayMax: delay.max };
  }

  close(): void {
    this.#socket.close();
  }

  async #evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.#call('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value?: unknown };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return result.value;
  }

  async #call(method: string, params: object = {}): Promise<unknown> {
    this.#id += 1;
    const id = this.#id;
    const { promise, resolve } = Promise.withResolvers<{ readonly result?: unknown; readonly error?: { readonly message: string } }>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }
}

/** How long samples with code of ours on their stack stand between two pauses of the host. */
function tasksOf({ nodes, samples, timeDeltas }: Profile, isOurs: (url: string) => boolean): number[] {
  const ours = new Set<number>();
  const pauses = new Set<number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const mark = (node: ProfileNode, isBelowOurs: boolean): void => {
    const isMine = isBelowOurs || isOurs(node.callFrame.url);
    if (isMine) ours.add(node.id);
    if (node.callFrame.functionName === '(idle)' || node.callFrame.functionName === '(program)') pauses.add(node.id);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) mark(child, isMine);
    }
  };
  const [root] = nodes;
  if (root !== undefined) mark(root, false);
  const tasks: number[] = [];
  let current = 0;
  for (const [index, sample] of samples.entries()) {
    // A delta is the time since the sample before: what that one showed went on until this one.
    const duration = Math.min((timeDeltas[index + 1] ?? 0) / 1000, longestSampleMs);
    if (ours.has(sample)) current += duration;
    if (pauses.has(sample) && current > 0) {
      tasks.push(current);
      current = 0;
    }
  }
  return current > 0 ? [...tasks, current] : tasks;
}
