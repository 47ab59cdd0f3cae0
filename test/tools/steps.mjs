// Runs named steps side by side in the order of their needs, and says what each does.

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} [needs] names of steps that must be complete before
 * @property {boolean} [isHeavy] uses all cores: at most two of these at a time
 * @property {() => Promise<boolean>} [isDone] true: nothing to do, nothing is printed
 * @property {(context: {signal: AbortSignal, note: (message: string) => void}) => Promise<unknown>} run
 */

const HEARTBEAT_MS = 30_000;
const MAX_HEAVY = 2;

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs all steps; the first failure aborts the others and is thrown with the step's name.
 * @param {readonly Step[]} steps
 * @param {AbortSignal} signal
 */
export async function runSteps(steps, signal) {
  const abort = new AbortController();
  signal.addEventListener('abort', () => abort.abort(signal.reason), { once: true });
  const width = Math.max(...steps.map(({ name }) => name.length));
  const say = (name, message) => console.log(`  ${name.padEnd(width)}  ${message}`);
  const done = new Map();
  let heavy = 0;
  const waiting = [];
  const release = () => {
    heavy -= 1;
    waiting.shift()?.();
  };
  const acquire = async () => {
    if (heavy >= MAX_HEAVY) await new Promise((resolve) => waiting.push(resolve));
    heavy += 1;
  };
  for (const step of steps) {
    const needs = step.needs ?? [];
    const missing = needs.find((need) => !done.has(need));
    if (missing !== undefined) throw new Error(`Step '${step.name}' needs '${missing}', which is not before it.`);
    const promise = (async () => {
      await Promise.all(needs.map((need) => done.get(need)));
      abort.signal.throwIfAborted();
      if ((await step.isDone?.()) === true) return;
      if (step.isHeavy) await acquire();
      const start = Date.now();
      const timer = setInterval(() => say(step.name, `still at it, ${seconds(start)}`), HEARTBEAT_MS);
      try {
        abort.signal.throwIfAborted();
        say(step.name, 'started');
        await step.run({ signal: abort.signal, note: (message) => say(step.name, message) });
        say(step.name, `done in ${seconds(start)}`);
      } catch (error) {
        if (!abort.signal.aborted) {
          say(step.name, `failed after ${seconds(start)}`);
          abort.abort(error);
        }
        throw error;
      } finally {
        clearInterval(timer);
        if (step.isHeavy) release();
      }
    })();
    promise.catch(() => {});
    done.set(step.name, promise);
  }
  await Promise.allSettled(done.values());
  if (abort.signal.aborted) throw abort.signal.reason;
}
