import { raceWithSignal } from '../../base/async.ts';
import { sha256 } from '../../base/hash.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import type { JqRunner } from './ownerPlaces.ts';

type Answer = Awaited<ReturnType<JqRunner['jq']>>[number];

interface Waiting {
  readonly object: JsonValue;
  readonly settle: (answer: Promise<Answer>) => void;
}

const maximumKnown = 20_000;
/** objects that are asked about in one call of the module */
const batchSize = 200;

/**
 * jq over many objects at little cost: what is asked in one turn of the event loop is one call of the module per expression, and the same
 * content is asked once. The server's counters (managedFields, resourceVersion) are not part of it: no rule is about them.
 */
export class OwnerQueries implements JqRunner {
  readonly #runner: JqRunner;
  readonly #known = new Map<string, Promise<Answer>>();
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #lifetime: AbortSignal;

  /** @param lifetime ends what is asked: an answer is not one caller's alone, so no caller's signal does */
  constructor(runner: JqRunner, lifetime: AbortSignal) {
    this.#runner = runner;
    this.#lifetime = lifetime;
  }

  /** The places that an expression selects in each object; see {@link JqRunner}. */
  jq(
    expression: string,
    objects: readonly JsonValue[],
    _mode: 'paths',
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly Answer[]> {
    return raceWithSignal(Promise.all(objects.map((object) => this.#answer(expression, contentOf(object)))), signal);
  }

  #answer(expression: string, object: JsonValue): Promise<Answer> {
    const id = sha256(JSON.stringify([expression, object]));
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const answer = new Promise<Answer>((resolve) => {
      this.#enqueue(expression, { object, settle: resolve });
    });
    if (this.#known.size >= maximumKnown) this.#known.clear();
    this.#known.set(id, answer);
    answer.catch(() => this.#known.delete(id));
    return answer;
  }

  #enqueue(expression: string, waiting: Waiting): void {
    const batch = this.#waiting.get(expression);
    if (batch === undefined) {
      this.#waiting.set(expression, [waiting]);
      setImmediate(() => {
        this.#flush(expression);
      });
    } else {
      batch.push(waiting);
      if (batch.length >= batchSize) this.#flush(expression);
    }
  }

  #flush(expression: string): void {
    const batch = this.#waiting.get(expression) ?? [];
    this.#waiting.delete(expression);
    if (batch.length === 0) return;
    const objects = batch.map(({ object }) => object);
    const answers = this.#runner.jq(expression, objects, 'paths', { signal: this.#lifetime, interactive: true });
    for (const [index, { settle }] of batch.entries()) settle(answers.then((list) => list[index] ?? { error: 'no answer' }));
  }
}

function contentOf(object: JsonValue): JsonValue {
  if (!isJsonObject(object) || !isJsonObject(object['metadata'])) return object;
  const { managedFields: _managers, resourceVersion: _version, ...metadata } = object['metadata'];
  return { ...object, metadata };
}
