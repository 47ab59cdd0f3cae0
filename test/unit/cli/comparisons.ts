import type { Application } from '../../../src/engine/model/application.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { keyOf } from '../../../src/engine/model/objects.ts';
import type { FieldDifference, ObjectState, Reason, Verdict } from '../../../src/engine/model/states.ts';
import type { ExtraneousObject } from '../../../src/engine/sessions/extraneous.ts';
import type { TrackedObject } from '../../../src/engine/sessions/trackedObject.ts';
import type { Comparison, Counters } from '../../../src/cli/comparison.ts';
import { fieldDifference } from '../support/fieldDifference.ts';

const range = (file: string, line: number): NonNullable<TrackedObject['header']> => ({
  file,
  startLine: line - 1,
  startColumn: 0,
  endLine: line - 1,
  endColumn: 9,
});

/** A differing field of a Deployment's spec. */
export function field(name: string, more: Partial<FieldDifference> = {}): FieldDifference {
  return fieldDifference({ id: `spec.${name}`, path: [{ field: 'spec' }, { field: name }], git: 3, live: 5, ...more });
}

/** One object of a comparison. */
export function tracked(kind: string, name: string, state: ObjectState, more: Partial<Verdict> = {}): TrackedObject {
  const desired: KubeObject = { apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', kind, metadata: { name, namespace: 'shop' } };
  const verdict: Verdict = { state, fields: [], ignored: [], proof: 'local', needsRecreate: false, ...more };
  return {
    key: keyOf(desired),
    rendered: { object: desired },
    desired,
    resource: undefined,
    schema: undefined,
    header: range(`shop/${name}.yaml`, 1),
    fieldRanges: new Map(verdict.fields.map((each, index) => [each.id, range(`shop/${name}.yaml`, 10 + index)])),
    verdict,
    live: state === 'missing' ? undefined : desired,
    health: undefined,
    mark: undefined,
  };
}

/** A live object that Git does not have. */
export function onlyLive(kind: string, name: string, forecast: readonly Reason[] = []): ExtraneousObject {
  const { key, desired, mark, verdict } = tracked(kind, name, 'extraneous', {
    proof: 'none',
    reason: { code: 'not-in-git', details: { kind, name } },
  });
  return { key, live: desired, mark, verdict, forecast };
}

/** A comparison of an application of plumbline.yaml. */
export function comparison(objects: readonly TrackedObject[], more: Partial<Comparison> = {}): Comparison {
  const application: Application = {
    id: 'prod/shop',
    name: 'shop',
    repoRoot: '/repo',
    source: { type: 'directory', path: 'shop' },
    destination: { environment: 'prod', context: 'prod-eu', namespace: 'shop' },
    policy: { prune: false },
    owner: 'plumbline',
    ignore: [],
    origin: 'plumbline.yaml',
    isProtected: true,
  };
  const commit = '4f2c1d0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
  return {
    application,
    state: 'drifted',
    reasons: [],
    refName: 'origin/main',
    commit,
    objects,
    extraneous: [],
    renderMs: 1,
    isPartial: false,
    ...more,
  };
}

export const counters: Counters = {
  apiCalls: 12,
  dryRuns: 1,
  provedLocally: 2,
  provedByDryRun: 1,
  bytesReceived: 1000,
  milliseconds: { repository: 10, render: 5, compare: 90, total: 1234 },
};
