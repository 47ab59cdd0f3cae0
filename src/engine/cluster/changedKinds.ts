import { type BackgroundRunner, delay, loggingRunner, Throttler } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { jsonEqual, type JsonValue } from '../model/json.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Schemas } from './api.ts';
import { groupVersionOf } from './discovery.ts';
import { kindId } from './watchPlan.ts';

/** After so long a schema that the server could not give is asked for once more. */
const RETRY_MS = 2_000;
/** The same of one that it says it has none of. */
const MISSING_MS = 60_000;

/** Whose schemas are followed, and who is told. */
interface ChangedKindsOptions {
  readonly schemas: Pick<Schemas, 'known' | 'schemaOf' | 'onDidChange'>;
  readonly watches: {
    /** the kinds of definitions whose objects are held in full */
    definedKinds(): readonly ResourceInfo[];
    listAgain(info: ResourceInfo): void;
  };
  readonly log: Logger;
}

/**
 * Has the objects of a kind listed anew when its CustomResourceDefinition got another schema: the server reads what it has stored by the
 * schema of now (defaults are put in, unknown fields left out), under the same resourceVersion, and no watch tells of it.
 * It publishes a schema after it has begun to read by it, so that the list comes late enough.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
 */
export class ChangedKinds implements Disposable {
  readonly #options: ChangedKindsOptions;
  readonly #store = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #comparing: Throttler;
  /** the schema by which a kind was listed, of kinds whose schema may be another by now; by {@link kindId} */
  readonly #listedBy = new Map<string, TypeSchema>();
  #isWaiting = false;

  constructor(options: ChangedKindsOptions) {
    this.#options = options;
    this.#background = this.#store.add(loggingRunner(options.log));
    this.#comparing = new Throttler(this.#background, 'comparing schemas', (signal) => this.#compare(signal));
    this.#store.add(
      options.schemas.onDidChange((groupVersions) => {
        this.#remember(groupVersions);
        if (this.#listedBy.size > 0) this.#comparing.request();
      }),
    );
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** Until another schema has been read, the known one is that of the list. */
  #remember(groupVersions: ReadonlySet<string>): void {
    const { schemas, watches } = this.#options;
    for (const info of watches.definedKinds()) {
      const known = groupVersions.has(groupVersionOf(info)) ? schemas.known(info) : undefined;
      if (known?.document.origin === 'crd' && !this.#listedBy.has(kindId(info))) this.#listedBy.set(kindId(info), known);
    }
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { schemas, watches } = this.#options;
    const kinds = new Map(watches.definedKinds().map((info) => [kindId(info), info]));
    let retryMs = 0;
    for (const [id, before] of [...this.#listedBy]) {
      const info = kinds.get(id);
      if (info === undefined) {
        // Whoever watches it again lists it then.
        this.#listedBy.delete(id);
        continue;
      }
      try {
        const now = await schemas.schemaOf(info, signal);
        if (now === undefined) retryMs ||= MISSING_MS;
        else {
          this.#listedBy.set(id, now);
          if (!jsonEqual(now.node as JsonValue, before.node as JsonValue)) watches.listAgain(info);
        }
      } catch (error) {
        if (!isAppError(error)) throw error;
        retryMs = RETRY_MS;
      }
    }
    if (retryMs > 0) this.#compareIn(retryMs);
  }

  #compareIn(waitMs: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#background.run('waiting for a schema', async (signal) => {
      await delay(waitMs, signal);
      this.#isWaiting = false;
      this.#comparing.request();
    });
  }
}
