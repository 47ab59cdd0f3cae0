import { AppError, isAppError } from '../../../base/errors.ts';
import type { ClusterConnection } from '../../cluster/api.ts';
import { stringAt } from '../../model/json.ts';
import type { SyncRecord } from '../../model/ledger.ts';
import { displayName, type KubeObject, type ObjectKey } from '../../model/objects.ts';
import { errorOf } from '../../model/reasons.ts';
import type { Reason } from '../../model/states.ts';
import { foreignTool, parentAnnotations, parentLabels, scopeOf, type SetScope, supersetOf } from '../applySet.ts';
import { currentHolder } from './holder.ts';
import { bytesOf, isAlive, type Ledger, ledgerAnnotations, ledgerOf, withInterrupted } from './ledger.ts';
import { type AppliedChange, withApplied } from './ledgerObjects.ts';

/** Field manager of the parent, as kubectl names its own (`kubectl-applyset`). */
const MANAGER = 'plumbline-applyset';
/** a sync whose holder said nothing for so long counts as interrupted */
const HOLD_MS = 45_000;
const MAX_TRIES = 5;
/** Kubernetes allows 256 kB of annotations on one object (apimachinery api/validation/objectmeta.go); some are left for others. */
const MAX_ANNOTATION_BYTES = 240 * 1024;
const PARENT_GVK = { group: '', version: 'v1', kind: 'ConfigMap' } as const;

/** What a ledger asks of a cluster. */
export type LedgerConnection = Pick<ClusterConnection, 'get' | 'patch' | 'create'>;

/** The live parent of a set, or undefined when there is none yet. */
export async function readParent(
  connection: Pick<LedgerConnection, 'get'>,
  key: ObjectKey,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await connection.get(PARENT_GVK, key, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isAppError(error, 'not-found', 'namespace-missing')) return undefined;
    throw error;
  }
}

/** What claims a ledger. */
export interface Claim {
  readonly key: ObjectKey;
  readonly applicationId: string;
  readonly record: SyncRecord;
  /** kinds and namespaces that the sync will write */
  readonly scope: SetScope;
  /** epoch milliseconds */
  readonly now: () => number;
}

/**
 * One sync's hold on the ledger of its application: the running record, written before the first change by compare-and-swap, renewed
 * while the sync runs, and closed after its last change.
 */
export class LedgerHold {
  readonly #connection: LedgerConnection;
  readonly #claim: Claim;
  #parent: KubeObject;
  /** one write at a time: each is conditional on the answer of the one before */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(connection: LedgerConnection, claim: Claim, parent: KubeObject) {
    this.#connection = connection;
    this.#claim = claim;
    this.#parent = parent;
  }

  /**
   * Writes the running record; makes the parent when it is not there.
   * @throws AppError `sync-running` when somebody else syncs the application, `ledger-foreign` when the parent belongs to another tool or
   * application, and those of the cluster room
   */
  static async claim(connection: LedgerConnection, claim: Claim): Promise<LedgerHold> {
    for (let attempt = 1; ; attempt += 1) {
      const parent = (await readParent(connection, claim.key)) ?? (await makeParent(connection, claim));
      if (parent !== undefined) {
        const ledger = claimable(parent, claim);
        const scope = supersetOf(scopeOf(parent), claim.scope);
        try {
          return new LedgerHold(connection, claim, await write(connection, claim, parent, scope, running(ledger, claim, claim.record)));
        } catch (error) {
          if (!isAppError(error, 'conflict')) throw error;
        }
      }
      if (attempt >= MAX_TRIES) throw new AppError('ledger-contended', { object: displayName(claim.key) });
    }
  }

  /** Says that the sync still runs. @throws AppError `sync-taken-over` when another sync has claimed the ledger meanwhile */
  renew(record: SyncRecord): Promise<void> {
    return this.#next((ledger, scope) => ({ ledger: running(ledger, this.#claim, record), scope }));
  }

  /**
   * Ends the hold with the outcome.
   * @param exact kinds and namespaces of what the set holds now; undefined: not known, all that were stay
   * @param change what the sync applied; undefined: not known
   */
  close(record: SyncRecord, exact: SetScope | undefined, change?: AppliedChange): Promise<void> {
    return this.#next((ledger, scope) => {
      const { running: _running, objects: before, ...rest } = ledger;
      const objects = change === undefined ? undefined : withApplied(before, change);
      const records = [record, ...ledger.records];
      return { ledger: { ...rest, records, ...(objects === undefined ? {} : { objects }) }, scope: exact ?? scope };
    });
  }

  #next(change: (ledger: Ledger, scope: SetScope) => { ledger: Ledger; scope: SetScope }): Promise<void> {
    const next = this.#last.catch(() => undefined).then(() => this.#write(change));
    this.#last = next;
    return next;
  }

  async #write(change: (ledger: Ledger, scope: SetScope) => { ledger: Ledger; scope: SetScope }): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const before = ledgerOf(this.#parent);
      if (before.running?.record.id !== this.#claim.record.id) {
        // A close whose answer was lost has done its work; an interrupted record has no end.
        if (before.records.some(({ id, finishedAt }) => id === this.#claim.record.id && finishedAt !== undefined)) return;
        throw new AppError('sync-taken-over', { object: displayName(this.#claim.key), by: before.running?.record.by ?? '' });
      }
      const { ledger, scope } = change(before, scopeOf(this.#parent));
      try {
        this.#parent = await write(this.#connection, this.#claim, this.#parent, scope, ledger);
        return;
      } catch (error) {
        if (!isAppError(error, 'conflict', 'server-timeout', 'timed-out', 'unreachable') || attempt >= MAX_TRIES) throw error;
        const now = await readParent(this.#connection, this.#claim.key);
        if (now === undefined) throw error;
        this.#parent = now;
      }
    }
  }
}

/** The ledger that a claim goes on from, unless somebody else holds it. */
function claimable(parent: KubeObject, claim: Claim): Ledger {
  const object = displayName(claim.key);
  const tool = foreignTool(parent, claim.key);
  if (tool !== undefined) throw new AppError('ledger-foreign', { object, namespace: claim.key.namespace, owner: tool });
  const ledger = ledgerOf(parent);
  const other = otherApplication(ledger, claim.applicationId, claim.key);
  if (other !== undefined) throw errorOf(other);
  if (ledger.running !== undefined && isAlive(ledger.running, claim.now())) {
    throw new AppError('sync-running', { object, by: ledger.running.record.by, until: ledger.running.until });
  }
  return withInterrupted(ledger);
}

/** Why a ledger is not an application's, though it stands where that one's would; undefined: it is. */
export function otherApplication({ application: owner }: Ledger, application: string, key: ObjectKey): Reason | undefined {
  if (owner === undefined || owner === application) return undefined;
  return {
    code: 'ledger-renamed',
    details: { object: displayName(key), configMap: key.name, namespace: key.namespace, owner, application },
  };
}

function running(ledger: Ledger, claim: Claim, record: SyncRecord): Ledger {
  const until = new Date(claim.now() + HOLD_MS).toISOString();
  return { ...ledger, application: claim.applicationId, running: { record, until, holder: currentHolder() } };
}

/** Makes an empty set. @returns undefined when somebody else was faster */
async function makeParent(connection: LedgerConnection, claim: Claim): Promise<KubeObject | undefined> {
  const { key } = claim;
  const empty = { kinds: [], namespaces: [] };
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: key.name, namespace: key.namespace, labels: parentLabels(key), annotations: parentAnnotations(key, empty) },
  };
  try {
    return (await connection.create(object, { fieldManager: MANAGER })).object;
  } catch (error) {
    if (isAppError(error, 'already-exists')) return undefined;
    throw error;
  }
}

async function write(
  connection: LedgerConnection,
  { key }: Claim,
  parent: KubeObject,
  scope: SetScope,
  ledger: Ledger,
): Promise<KubeObject> {
  const resourceVersion = stringAt(parent.metadata, 'resourceVersion') ?? '';
  const set = parentAnnotations(key, scope);
  const body: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: key.name,
      namespace: key.namespace,
      resourceVersion,
      labels: parentLabels(key),
      annotations: { ...set, ...ledgerAnnotations(ledger, MAX_ANNOTATION_BYTES - bytesOf(set)) },
    },
  };
  return (await connection.patch(PARENT_GVK, key, body, { type: 'apply', force: true, fieldManager: MANAGER })).object;
}
