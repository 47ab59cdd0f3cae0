import type { IgnoreRule } from './application.ts';
import type { FieldPath } from './fieldPath.ts';
import type { GroupVersionKind, ObjectKey } from './objects.ts';
import type { OwnerMark, Reason } from './states.ts';

/**
 * Whether and when an owner undoes a live change by itself. `soon`: within seconds; `scheduled`: at its next turn, at `atMs` at the latest;
 * `on-sync`: only when somebody syncs; `never`: it leaves the object, or everything, alone; `unknown`: its own object cannot be read.
 */
export interface RevertForecast {
  readonly mode: 'soon' | 'scheduled' | 'on-sync' | 'never' | 'unknown';
  /** words by `describe` */
  readonly reason: Reason;
  /** what stands in the way of somebody who would not wait, or does not */
  readonly also?: Reason;
  /** what becomes of a change of fields that cannot be changed on a live object; absent: the same */
  readonly onRecreate?: Reason;
  /** epoch milliseconds */
  readonly atMs?: number;
  /** epoch milliseconds: from then on it may be another, though nobody changes anything */
  readonly untilMs?: number;
  readonly intervalSeconds?: number;
}

/** Whether and when an owner deletes live objects of its that Git does not have. */
export interface PruneForecast {
  /** words by `describe` */
  readonly reason: Reason;
  /** what stands in the way of somebody who would not wait */
  readonly also?: Reason;
  /** in place of it, of an object that asks for a confirmation of its deletion; absent: the same */
  readonly onConfirm?: Reason;
  /** it deletes only what it lists as its own, by the ids of inventories; of all else this is true */
  readonly unlisted?: { readonly inventory: ReadonlySet<string>; readonly reason: Reason };
}

/** A place of one object that its owner does not compare, and by which rule. */
export interface OwnerPlace {
  readonly path: FieldPath;
  /** the rule and where it stands, as IgnoreRule.declaredBy */
  readonly by: string;
  readonly reason?: Reason;
}

/** A live object that a view was made from. */
export interface OwnerSource {
  readonly gvk: GroupVersionKind;
  readonly key: ObjectKey;
}

/** How the controller that owns an object looks at it: what it leaves out, and what it does about a difference. */
export interface OwnerView {
  readonly owner: 'argocd' | 'flux';
  /** `Application argocd/shop`, `Kustomization flux-system/apps`, `HelmRelease apps/web` */
  readonly name: string;
  /** the owner's rules that are about this object, to be shown: pointers, `jq <expression>`, `manager <name>` */
  readonly rules: readonly IgnoreRule[];
  /** what these rules, and fields that stand only live, come to in this object */
  readonly places: readonly OwnerPlace[];
  /** what it was made from, as far as that stands in the cluster of the object itself; undefined: elsewhere, or it cannot be read */
  readonly sources?: readonly OwnerSource[];
  /** the owner does not touch the object at all, by this */
  readonly skip?: string;
  /** what that means, where it is more than its name says */
  readonly skipReason?: Reason;
  /** what admission changes counts for the owner: nothing but a dry-run proves then that nothing differs */
  readonly countsAdmission?: true;
  /** `ApplicationSet argocd/shops`: what wrote the owner's own object, and holds its rules */
  readonly generatedBy?: string;
  readonly revert: RevertForecast;
  /** of objects beside this one that Git does not have; undefined: not known */
  readonly prune?: PruneForecast;
  /** rules that could not be evaluated */
  readonly problems: readonly Reason[];
}

/** Whose an object is, and how that owner looks at it. */
export interface OwnerLook {
  /** by the object's own marks, or by what its controller lists as its own; undefined: nobody's */
  readonly mark?: OwnerMark;
  /** of Argo CD and Flux */
  readonly view?: OwnerView;
}
