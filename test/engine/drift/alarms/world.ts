import { join } from 'node:path';
import type { JudgeInput } from '../../../../src/engine/drift/judgement.ts';
import type { JsonValue } from '../../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject } from '../../../../src/engine/model/objects.ts';
import { resourcePath } from '../../../../src/engine/model/resourceInfo.ts';
import type { ObjectState, Verdict } from '../../../../src/engine/model/states.ts';
import type { RenderService } from '../../../../src/engine/render/renderService.ts';
import { type Fixture, lines } from '../fixture.ts';
import { manifests } from '../objects.ts';

/** How Git's objects came into the cluster. */
export type Way = 'server-side' | 'client-side';

/** The arguments of kubectl that apply standard input so. */
export const applyArguments: Readonly<Record<Way, readonly string[]>> = {
  'server-side': ['apply', '--server-side', '-f', '-'],
  'client-side': ['apply', '-f', '-'],
};

/** What a case works with: a namespace of its own in the one cluster of the file. */
export class World {
  readonly fixture: Fixture;
  readonly renders: RenderService;
  readonly namespace: string;
  readonly way: Way;
  /** runs after the case */
  readonly cleanups: (() => Promise<unknown>)[] = [];

  constructor(fixture: Fixture, renders: RenderService, namespace: string, way: Way) {
    this.fixture = fixture;
    this.renders = renders;
    this.namespace = namespace;
    this.way = way;
  }

  /** Applies an object, or a manifest's text as it stands, the case's way. */
  async apply(object: KubeObject | string, way: Way = this.way, ...more: readonly string[]): Promise<void> {
    const text = typeof object === 'string' ? object : JSON.stringify(object);
    await this.fixture.plane.kubectl(['-n', this.namespace, ...applyArguments[way], ...more], text);
  }

  /** One of the common manifests, applied; Git has it as it was sent. */
  async common(kind: string): Promise<KubeObject> {
    const object = manifests(this.namespace)[kind] as KubeObject;
    await this.apply(object);
    return object;
  }

  /** kubectl in the case's namespace. */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.fixture.plane.kubectl(['-n', this.namespace, ...args]);
  }

  /** Changes a live object as some program does: a merge patch, or a JSON patch when `body` is a list; `subresource` as `/status`. */
  async write(object: KubeObject, manager: string, body: JsonValue, subresource = ''): Promise<void> {
    const resource = await this.fixture.admin.resource(gvkOf(object));
    if (resource === undefined) throw new Error(`not served: ${object.kind}`);
    const key = keyOf(object);
    const path = `${resourcePath(resource, resource.isNamespaced ? this.namespace : '', key.name)}${subresource}?fieldManager=${manager}`;
    const type = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json';
    const answer = await this.fixture.admin.call('PATCH', path, body, type);
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  }

  /** The objects of a manifest's text as the engine reads YAML. */
  async parse(text: string): Promise<readonly KubeObject[]> {
    const signal = AbortSignal.timeout(60_000);
    const documents = await this.renders.parse('all.yaml', new TextEncoder().encode(text), { signal });
    return documents.flatMap(({ value }) => (value === undefined ? [] : [value as KubeObject]));
  }

  /** A path below the control plane's own folder. */
  path(...names: readonly string[]): string {
    return join(this.fixture.plane.dir, ...names);
  }
}

/** How Git has the object that a case made live, and what else is known of it. */
export interface Made {
  readonly git: KubeObject;
  readonly options?: Partial<JudgeInput>;
}

/** What is seen of a verdict. */
export interface Seen {
  readonly state: ObjectState;
  /** {@link lines} of the verdict's fields; default none */
  readonly fields?: readonly string[];
  /** `id by whom: code` of what is left out; default none */
  readonly ignored?: readonly string[];
  readonly code?: string;
  readonly proof?: Verdict['proof'];
}

/** One cause of false alarms, set up on the real API server. */
export interface AlarmCase {
  /** the numbers of reference/engine.md §1.4 that it is about */
  readonly sources: readonly number[];
  /** the numbers of the field reports of product.md §b that it is about */
  readonly reports?: readonly number[];
  readonly name: string;
  /** default both */
  readonly ways?: readonly Way[];
  readonly setUp: (world: World) => Promise<Made>;
  readonly expected: Seen | Readonly<Record<Way, Seen>>;
}

/** A verdict as {@link Seen} has it; the proof only where the case names one. */
export function seenOf(verdict: Verdict, expected: Seen): Seen {
  return {
    state: verdict.state,
    fields: lines(verdict).map((line) => (line.length < 300 ? line : line.replace(/: .*$/, ': …'))),
    ignored: verdict.ignored.map(({ id, by, reason }) => `${id} ${by}${reason === undefined ? '' : `: ${reason.code}`}`).sort(),
    ...(verdict.reason === undefined ? {} : { code: verdict.reason.code }),
    ...(expected.proof === undefined ? {} : { proof: verdict.proof }),
  };
}

/** An expectation with its defaults. */
export function wholeOf(expected: Seen): Seen {
  return { fields: [], ignored: [], ...expected };
}
