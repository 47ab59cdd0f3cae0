import { luaCheckFor } from './apps/argocd/customizations.ts';
import type { ClusterConnection } from './cluster/api.ts';
import { luaHealthOf } from './health/lua.ts';
import { parseApiVersion, type KubeObject } from './model/objects.ts';
import { type JsonValue, stringAt } from './model/json.ts';
import type { Health } from './model/states.ts';
import type { OwnerViews } from './ownerViews.ts';

/** Runs Lua: the renderer's module. */
export interface LuaRunner {
  lua(
    tasks: readonly { readonly script?: string; readonly openLibs?: boolean; readonly object: JsonValue }[],
    nowMs: number,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly { readonly values?: readonly JsonValue[]; readonly error?: string }[]>;
}

interface Known {
  readonly resourceVersion: JsonValue | undefined;
  readonly script: string | undefined;
  readonly health: Health | undefined;
}

const maximumKnown = 5_000;
/** Groups of Kubernetes itself: without a check in argocd-cm their health is known without Lua. */
const BUILT_IN = /^(|apps|batch|autoscaling|policy|extensions|[a-z.]+\.k8s\.io)$/;

function isBuiltIn(object: KubeObject): boolean {
  return BUILT_IN.test(parseApiVersion(object.apiVersion).group);
}

/** Health by Lua: the checks of `argocd-cm` for what Argo CD owns, else those that Argo CD brings for custom resources. */
export class CustomHealth {
  readonly #lua: LuaRunner;
  readonly #owners: OwnerViews;
  readonly #known = new Map<string, Known>();
  /** kinds for which Argo CD brings no check */
  readonly #without = new Set<string>();

  constructor(lua: LuaRunner, owners: OwnerViews) {
    this.#lua = lua;
    this.#owners = owners;
  }

  /** The health that a Lua check gives; undefined where there is none for the kind, or where it says nothing. */
  async of(connection: ClusterConnection, live: KubeObject, signal: AbortSignal): Promise<Health | undefined> {
    const checks = (await this.#owners.customizations(connection, live, signal))?.health ?? [];
    const own = luaCheckFor(checks, live);
    const kind = `${live.apiVersion}/${live.kind}`;
    // Where no controller has written a status yet, the general rules say all that is known.
    if (own === undefined && (live['status'] === undefined || this.#without.has(kind) || isBuiltIn(live))) return undefined;
    const uid = stringAt(live.metadata, 'uid') ?? '';
    const { resourceVersion } = live.metadata;
    const known = this.#known.get(uid);
    if (known !== undefined && known.resourceVersion === resourceVersion && known.script === own?.script) return known.health;
    const task = own === undefined ? { object: live } : { script: own.script, openLibs: own.openLibs, object: live };
    const [answer] = await this.#lua.lua([task], Date.now(), { signal });
    if (own === undefined && answer?.values === undefined && answer?.error === undefined) this.#without.add(kind);
    const health = answer === undefined ? undefined : luaHealthOf(answer);
    if (this.#known.size >= maximumKnown) this.#known.clear();
    this.#known.set(uid, { resourceVersion, script: own?.script, health });
    return health;
  }
}
