import { Limiter } from '../../../src/base/async.ts';
import type { DryRunClient } from '../../../src/engine/drift/dryRunClient.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import type { JudgeContext, JudgeInput } from '../../../src/engine/drift/judgement.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { ResourceInfo } from '../../../src/engine/model/resourceInfo.ts';
import { builtin } from '../compare/schemas.ts';

/** What discovery says of Deployments. */
export const deployments: ResourceInfo = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  isNamespaced: true,
  verbs: ['get', 'patch'],
  hasStatus: true,
  hasScale: true,
  servedBy: 'builtin',
  isPreferred: true,
};

/** A desired Deployment. */
export function desiredObject(spec: JsonObject, name = 'web'): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' }, spec };
}

/** The live one, applied by `kubectl` on the server side; `others` holds `spec.replicas` when given. */
export function liveObject(spec: JsonObject, options: { resourceVersion?: string; other?: string; name?: string } = {}): KubeObject {
  const { resourceVersion = '1', other, name = 'web' } = options;
  const entry = (manager: string, operation: string, fieldsV1: JsonObject): JsonObject => ({
    manager,
    operation,
    apiVersion: 'apps/v1',
    time: '2026-01-01T00:00:00Z',
    fieldsV1,
  });
  const holds = { 'f:spec': { 'f:replicas': {} } };
  return {
    ...desiredObject(spec, name),
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      resourceVersion,
      managedFields: [
        entry('kubectl', 'Apply', other === undefined ? holds : {}),
        ...(other === undefined ? [] : [entry(other, 'Update', holds)]),
      ],
    },
    status: { replicas: 1 },
  };
}

/** Everything that a judgement of a Deployment needs. */
export function inputOf(desired: KubeObject, live: KubeObject | undefined, more: Partial<JudgeInput> = {}): JudgeInput {
  return { key: keyOf(desired), desired, live, schema: builtin, resource: deployments, owner: 'plumbline', rules: [], ...more };
}

/** A judge over a scripted client; every dry-run is recorded. */
export function judgeWith(
  patch: (body: unknown) => Promise<KubeObject>,
  live?: () => KubeObject,
): {
  judge: Judge;
  cache: VerdictCache;
  context: JudgeContext;
  sent: unknown[];
} {
  const sent: unknown[] = [];
  const client: DryRunClient = {
    get: () => (live === undefined ? Promise.reject(new Error('not expected')) : Promise.resolve(live())),
    patch: async (_gvk, _key, body) => {
      sent.push(body);
      return { object: await patch(body), warnings: [] };
    },
  };
  const cache = new VerdictCache({ hashKey: Buffer.alloc(32), now: () => 0 });
  const context: JudgeContext = { client, canDryRun: () => Promise.resolve(true), serverVersion: 'v1.36.3', clusterUid: 'c' };
  return { judge: new Judge(cache, new Limiter(2)), cache, context, sent };
}
