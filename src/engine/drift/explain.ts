import { classOfManager, isAutoscalerEntry } from '../compare/managers.ts';
import { RESTARTED_AT } from '../compare/ownerMarks.ts';
import type { FieldDifference, FieldWriter, Reason, Verdict } from '../model/states.ts';

/** What is known of a field beyond its two values. */
export interface ExplainContext {
  /** the manager as which the object was judged */
  readonly manager?: string;
  /** whether and when the owner reverts what is changed live; absent: nobody does by itself */
  readonly forecast?: Reason;
  /** what is to be said besides: who may not wait, or need not */
  readonly also?: Reason;
  /** in place of the forecast, where a field cannot be changed on a live object */
  readonly onRecreate?: Reason;
  /** `HorizontalPodAutoscaler/web`: scales the object */
  readonly autoscaler?: string;
  /** `VerticalPodAutoscaler/web`: sizes its Pods */
  readonly sizer?: string;
}

/** Tools by the field manager under which they write, as people call them. */
const TOOLS: Readonly<Record<string, string>> = {
  'kubectl-client-side-apply': 'kubectl apply',
  kubectl: 'kubectl apply --server-side',
  'kubectl-rollout': 'kubectl rollout',
  'argocd-server': 'the web page of Argo CD',
  'argocd-controller': 'Argo CD',
  'kustomize-controller': 'Flux',
  'helm-controller': 'Flux (Helm)',
  helm: 'Helm',
  k9s: 'k9s',
  'node-fetch': 'a program in JavaScript',
  Mozilla: 'a web page',
  'Go-http-client': 'a program in Go',
  plumbline: 'Plumbline',
};

/**
 * The tool behind a field manager: `kubectl-edit` is `kubectl edit`. A manager that is not known is its own name.
 * @param subresource through which it wrote: `kubectl` through `scale` is `kubectl scale`
 */
export function toolOf(manager: string, subresource = ''): string {
  if (manager === 'kubectl' && subresource !== '') return `kubectl ${subresource}`;
  const known = TOOLS[manager];
  if (known !== undefined) return known;
  return manager.startsWith('kubectl-') ? `kubectl ${manager.slice('kubectl-'.length)}` : manager;
}

/** Why a field differs: who wrote it, with what, when; what it means; whether its owner reverts it. In the order to be read. */
export function explain(field: FieldDifference, context: ExplainContext): readonly Reason[] {
  const notes: Reason[] = [written(field, context)];
  if (field.isCosmetic) notes.push({ code: isRestart(field) ? 'note-restarted' : 'note-same-value', details: {} });
  if (!field.isConfirmed) notes.push({ code: 'note-not-confirmed', details: {} });
  notes.push(...scalerNotes(field, context));
  if (field.direction === 'drifted' && !field.isCosmetic) {
    notes.push(context.forecast ?? { code: 'note-stays', details: {} });
    if (context.also !== undefined) notes.push(context.also);
  }
  if (field.direction === 'drifted' && field.isMovedInGit === true) notes.push({ code: 'note-moved-in-git', details: {} });
  if (field.direction === 'out of sync') notes.push({ code: 'note-waits', details: {} });
  return notes;
}

function isRestart(field: FieldDifference): boolean {
  const last = field.path.at(-1);
  return last !== undefined && 'field' in last && last.field === RESTARTED_AT;
}

function written({ writer, change }: FieldDifference, { manager: owner }: ExplainContext): Reason {
  if (writer === undefined) return { code: change === 'removed' ? 'note-removed-by-nobody' : 'note-held-by-nobody', details: {} };
  const { manager, time, subresource } = writer;
  // Entries that come through `/scale` have no time.
  const details = { manager, tool: toolOf(manager, subresource), when: time === undefined ? '' : `, ${time}` };
  return { code: `note-written-by-${writerKind(writer, owner)}`, details };
}

function writerKind(writer: FieldWriter, owner: string | undefined): 'autoscaler' | 'owner' | 'person' | 'controller' | 'tool' {
  const entry = { ...writer, subresource: writer.subresource ?? '', apiVersion: '', fields: {} };
  if (isAutoscalerEntry(entry)) return 'autoscaler';
  if (writer.manager === owner && (writer.subresource ?? '') === '') return 'owner';
  const kind = classOfManager(writer.manager);
  return kind === 'unknown' ? 'tool' : kind;
}

function scalerNotes({ id }: FieldDifference, { autoscaler, sizer }: ExplainContext): readonly Reason[] {
  if (id === 'spec.replicas' && autoscaler !== undefined) return [{ code: 'note-autoscaled', details: { autoscaler } }];
  if (sizer !== undefined && /\.resources\.(requests|limits)(\.|\[|$)/.test(id))
    return [{ code: 'note-sized', details: { autoscaler: sizer } }];
  return [];
}

/** {@link explain} for every field of a verdict, by field id. */
export function explainAll(verdict: Verdict, context: Omit<ExplainContext, 'manager'>): ReadonlyMap<string, readonly Reason[]> {
  const { also: _also, onRecreate, ...common } = context;
  const forecast = verdict.needsRecreate && onRecreate !== undefined ? { ...common, forecast: onRecreate } : context;
  const full = { ...forecast, ...(verdict.manager === undefined ? {} : { manager: verdict.manager }) };
  return new Map(verdict.fields.map((field) => [field.id, explain(field, full)]));
}
