import { raceWithSignal } from '../../base/async.ts';
import { sha256 } from '../../base/hash.ts';
import { luaCheckFor } from '../apps/argocd/customizations.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { luaHealthOf } from '../health/lua.ts';
import { isBuiltInGroup } from '../health/reading.ts';
import { type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import { type KubeObject, parseApiVersion } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import type { OwnerViews } from '../owners/ownerViews.ts';

/** One check of one object; without a script the one that Argo CD brings for the kind. */
interface LuaTask {
  readonly script?: string;
  readonly openLibs?: boolean;
  readonly object: JsonValue;
}

/** What a check gave. */
interface LuaAnswer {
  readonly values?: readonly JsonValue[];
  readonly error?: string;
}

/** Runs Lua: the renderer's module. */
export interface LuaRunner {
  lua(tasks: readonly LuaTask[], nowMs: number, options: { readonly signal: AbortSignal }): Promise<readonly LuaAnswer[]>;
}

interface Known {
  /** of everything that decides: the object without what the server counts, and the script */
  readonly content: string;
  readonly atMs: number;
  readonly health: Health | undefined;
}

interface Waiting {
  readonly task: LuaTask;
  readonly settle: (answer: Promise<LuaAnswer | undefined>) => void;
}

const maximumKnown = 20_000;
/** objects that are asked about in one call of the module */
const batchSize = 100;
/** a check may look at the clock: what is on its way, or not known, is asked again after this time */
const unsettledMs = 30_000;

/** Health by Lua: the checks of `argocd-cm` for what Argo CD owns, else those that Argo CD brings for custom resources. */
export class CustomHealth {
  readonly #lua: LuaRunner;
  readonly #owners: Pick<OwnerViews, 'customizations'>;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  /** kinds for which Argo CD brings no check */
  readonly #without = new Set<string>();
  readonly #ended: AbortSignal;
  #waiting: Waiting[] = [];

  /**
   * @param ended fires when nobody needs an answer any more: checks are not one caller's alone
   * @param now epoch milliseconds
   */
  constructor(lua: LuaRunner, owners: Pick<OwnerViews, 'customizations'>, ended: AbortSignal, now: () => number = Date.now) {
    this.#ended = ended;
    this.#lua = lua;
    this.#owners = owners;
    this.#now = now;
  }

  /** The health that a Lua check gives; undefined where there is none for the kind, or where it says nothing. */
  async of(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<Health | undefined> {
    const checks = (await this.#owners.customizations(connection, live, signal))?.health ?? [];
    const own = luaCheckFor(checks, live);
    const kind = `${live.apiVersion}/${live.kind}`;
    // Where no controller has written a status yet, the general rules say all that is known.
    if (
      own === undefined &&
      (live['status'] === undefined || this.#without.has(kind) || isBuiltInGroup(parseApiVersion(live.apiVersion).group))
    )
      return undefined;
    const object = contentOf(live);
    const content = sha256(JSON.stringify([own?.script, own?.openLibs, object]));
    const uid = stringAt(live.metadata, 'uid') ?? '';
    const known = this.#known.get(uid);
    if (known?.content === content && (isSettled(known.health) || this.#now() - known.atMs < unsettledMs)) return known.health;
    const answer = await raceWithSignal(
      this.#ask(own === undefined ? { object } : { script: own.script, openLibs: own.openLibs, object }),
      signal,
    );
    if (own === undefined && answer?.values === undefined && answer?.error === undefined) this.#without.add(kind);
    const health = answer === undefined ? undefined : luaHealthOf(answer, own?.declaredBy);
    if (this.#known.size >= maximumKnown) this.#known.clear();
    this.#known.set(uid, { content, atMs: this.#now(), health });
    return health;
  }

  /** What is asked in one turn of the event loop is one call of the module. */
  #ask(task: LuaTask): Promise<LuaAnswer | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ task, settle: resolve });
      if (this.#waiting.length === 1) setImmediate(this.#flush);
      else if (this.#waiting.length >= batchSize) this.#flush();
    });
  }

  readonly #flush = (): void => {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const answers = this.#lua.lua(
      batch.map(({ task }) => task),
      this.#now(),
      { signal: this.#ended },
    );
    for (const [index, { settle }] of batch.entries()) settle(answers.then((list) => list[index]));
  };
}

function isSettled(health: Health | undefined): boolean {
  return health?.status === 'healthy' || health?.status === 'degraded' || health?.status === 'suspended';
}

/** The object without what changes with every write and says nothing: no check reads it, and no check runs again for it. */
function contentOf({ metadata, ...rest }: KubeObject): JsonObject {
  const { managedFields: _managers, resourceVersion: _version, ...kept } = metadata;
  return { ...rest, metadata: kept };
}
