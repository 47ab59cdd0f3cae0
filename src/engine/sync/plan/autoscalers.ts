import { isAppError } from '../../../base/errors.ts';
import { holdingOf, managedEntries } from '../../compare/fieldsV1.ts';
import { isAutoscalerEntry } from '../../compare/managers.ts';
import { type FieldPath, formatPath } from '../../model/fieldPath.ts';
import { stringAt } from '../../model/json.ts';
import { type KubeObject, nameOf, type ObjectKey, parseApiVersion } from '../../model/objects.ts';
import type { RevertConnection } from '../revertTypes.ts';

const autoscalerKind = { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' } as const;

/** Finds the autoscaler that holds a field, so that nothing fights with it. Reads each namespace's autoscalers once. */
export class AutoscalerLookup {
  readonly #connection: Pick<RevertConnection, 'list'>;
  readonly #signal: AbortSignal;
  readonly #byNamespace = new Map<string, Promise<readonly KubeObject[]>>();

  constructor(connection: Pick<RevertConnection, 'list'>, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
  }

  /**
   * Names the autoscaler that holds a field of an object: a HorizontalPodAutoscaler that targets it (KEDA makes one too), or the
   * manager that wrote the field through `/scale` unless it is a person's tool: `kubectl scale` by hand is drift like any other edit.
   * @returns undefined when nothing holds it
   */
  async holderOf(key: ObjectKey, live: KubeObject, path: FieldPath): Promise<string | undefined> {
    const scalers = managedEntries(live).filter((entry) => entry.subresource === 'scale' && holdingOf(entry.fields, path) !== 'none');
    if (scalers.length === 0 && formatPath(path) !== 'spec.replicas') return undefined;
    const autoscaler = (await this.#autoscalers(key.namespace)).find((candidate) => targets(candidate, key));
    if (autoscaler !== undefined) return `HorizontalPodAutoscaler/${nameOf(autoscaler)}`;
    return scalers.find(isAutoscalerEntry)?.manager;
  }

  #autoscalers(namespace: string): Promise<readonly KubeObject[]> {
    let found = this.#byNamespace.get(namespace);
    if (found === undefined) {
      found = this.#list(namespace);
      this.#byNamespace.set(namespace, found);
    }
    return found;
  }

  async #list(namespace: string): Promise<readonly KubeObject[]> {
    try {
      return await this.#connection.list(autoscalerKind, { namespace, signal: this.#signal });
    } catch (error) {
      // Who may not read them is left with the evidence of managedFields.
      if (isAppError(error, 'forbidden', 'not-found', 'unknown-kind')) return [];
      throw error;
    }
  }
}

function targets(autoscaler: KubeObject, key: ObjectKey): boolean {
  const { group } = parseApiVersion(stringAt(autoscaler, 'spec', 'scaleTargetRef', 'apiVersion') ?? '');
  const kind = stringAt(autoscaler, 'spec', 'scaleTargetRef', 'kind');
  return group === key.group && kind === key.kind && stringAt(autoscaler, 'spec', 'scaleTargetRef', 'name') === key.name;
}
