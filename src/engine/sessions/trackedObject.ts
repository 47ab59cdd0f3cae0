import { isDeepStrictEqual } from 'node:util';
import type { DesiredObject } from './desiredObjects.ts';
import type { FileRange } from '../model/application.ts';
import type { KubeObject, ObjectKey } from '../model/objects.ts';
import type { RenderedObject } from '../model/render.ts';
import type { OwnerView } from '../model/ownerView.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Health, OwnerMark, Reason, Verdict } from '../model/states.ts';

/** One desired object of an application with all that is known of it now. */
export interface TrackedObject {
  readonly key: ObjectKey;
  readonly rendered: RenderedObject;
  /** the rendered object with its namespace settled for the destination */
  readonly desired: KubeObject;
  /** undefined: the server does not know the kind */
  readonly resource: ResourceInfo | undefined;
  /** of the desired version; undefined until compared, or when the server publishes none */
  readonly schema: TypeSchema | undefined;
  /** first line of its document, in target's text of the file */
  readonly header: FileRange | undefined;
  /** ranges of the verdict's fields in target's text, by field id */
  readonly fieldRanges: ReadonlyMap<string, FileRange>;
  readonly verdict: Verdict;
  readonly live: KubeObject | undefined;
  readonly health: Health | undefined;
  readonly mark: OwnerMark | undefined;
  /** how the owner that {@link mark} names looks at it; absent where its own object cannot be read */
  readonly view?: OwnerView;
  /** what is known of each differing field beyond its values, by field id; words by `describe` */
  readonly notes?: ReadonlyMap<string, readonly Reason[]>;
}

/** The verdict of an object that was not compared yet. */
const pendingVerdict: Verdict = { state: 'pending', fields: [], ignored: [], proof: 'none', needsRecreate: false };

/** The verdict of an object that cannot be compared. */
export function cannotCompare(code: string, details: Record<string, string | number | boolean | readonly string[] | undefined>): Verdict {
  return { ...pendingVerdict, state: 'cannot compare', reason: { code, details } };
}

/** A desired object with what was known of it before, until it is compared. */
export function track(desired: DesiredObject, known: TrackedObject | undefined): TrackedObject {
  return {
    key: desired.key,
    rendered: desired.rendered,
    desired: desired.object,
    resource: desired.resource,
    schema: known?.schema,
    header: known?.header,
    fieldRanges: known?.fieldRanges ?? new Map(),
    verdict: known?.verdict ?? pendingVerdict,
    live: known?.live,
    health: known?.health,
    mark: known?.mark,
  };
}

/** Whether two states of one object give the same rows and marks; their documents may differ all the same. */
export function looksAlike(before: TrackedObject, after: TrackedObject): boolean {
  return isDeepStrictEqual(lookOf(before), lookOf(after));
}

function lookOf({ verdict, live, header, fieldRanges, health, mark, view, notes }: TrackedObject): object {
  const { resourceVersion: _resourceVersion, ...shown } = verdict;
  return { shown, isLive: live !== undefined, header, fieldRanges, health, mark, view, notes };
}
