import type { CommitOutcome, CommitSummary, PushOutcome } from '../engine/model/commit.ts';
import type { SyncRecord } from '../engine/model/ledger.ts';
import { displayName, parseKeyString } from '../engine/model/objects.ts';
import type { ApplicationHistory, HistoryEntry, RenderedChange, RollbackPlan, SharedChange } from '../engine/model/rollback.ts';
import type { Reason } from '../engine/model/states.ts';
import type { SyncPlans, SyncResult } from '../engine/model/sync.ts';
import { shortTime, type TextOptions } from './diffText.ts';
import { sentence } from './messages.ts';
import { reasonText, toReason, withReason } from './reasons.ts';
import { safeText, type TextRole } from './style.ts';
import { toSyncReport } from './syncReport.ts';

/** Version of the JSON that `plumbline rollback --output json` prints; its schema is media/plumbline-rollback.schema.json. */
const rollbackApiVersion = 'plumbline.dev/rollback/v1';

const short = 7;

/** What came of a roll back beyond its plan. */
export interface RollbackResult {
  readonly committed?: CommitOutcome;
  readonly pushed?: PushOutcome;
  readonly synced?: { readonly plans: SyncPlans; readonly results: readonly SyncResult[] };
  /** why nothing was written, or why it did not go on */
  readonly refused?: Reason;
  /** why there is nothing to roll back */
  readonly nothing?: Reason;
}

/** Commits to go back to, one a line: commit, time, author, subject, and when it was synced. */
export function commitsText(applicationId: string, { commits, endsBy, problem }: ApplicationHistory, options: TextOptions): string {
  const { paint } = options;
  const lines = [paint('title', safeText(applicationId)), ...commits.map((entry) => entryText(entry, options))];
  if (endsBy === 'limit') lines.push(paint('muted', '  … older ones are not listed'));
  if (endsBy === 'shallow') lines.push(paint('muted', '  … this clone has no older commits'));
  if (problem !== undefined) lines.push(`  ${paint('warning', reasonText(problem))}`);
  return `${lines.join('\n')}\n`;
}

function entryText({ id, subject, author, committedAtMs, isCurrent, syncs }: HistoryEntry, { paint, nowMs }: TextOptions): string {
  const [newest] = syncs;
  const marks = [
    ...(isCurrent ? ['current'] : []),
    ...(newest === undefined ? [] : [`synced ${shortTime(newest.startedAt, nowMs)} by ${newest.by}`]),
  ];
  const mark = marks.length === 0 ? '' : `  ${paint('good', safeText(`[${marks.join(', ')}]`))}`;
  const when = shortTime(new Date(committedAtMs).toISOString(), nowMs).padEnd(16);
  return `  ${paint('path', id.slice(0, short))}  ${when}  ${safeText(subject)}  ${paint('muted', safeText(author))}${mark}`;
}

/** Commits to go back to, as JSON. */
export function toCommitsReport(applicationId: string, { commits, endsBy, problem }: ApplicationHistory): Record<string, unknown> {
  return {
    apiVersion: rollbackApiVersion,
    application: applicationId,
    commits: commits.map((entry) => ({
      ...toSummary(entry),
      current: entry.isCurrent,
      syncs: entry.syncs.map((record) => toSync(record)),
    })),
    endsBy,
    ...(problem === undefined ? {} : { problem: toReason(problem) }),
  };
}

/** A plan as text: what others get first, the patch of the files, the objects, and what is not undone. */
export function rollbackPlanText(plan: RollbackPlan, { paint }: TextOptions): string {
  const { summary, commit, reverted, rendered, shared, notes, cannotUndo } = plan;
  const lines = [
    `${paint('title', safeText(plan.applicationId))}  ${paint('muted', `to ${summary.id.slice(0, short)} ${safeText(summary.subject)}`)}`,
    ...reverted.map(({ id, subject }) => `  revert ${paint('path', id.slice(0, short))} ${safeText(subject)}`),
  ];
  for (const each of shared) lines.push(...sharedLines(each, paint));
  for (const { path, status, patch, note } of commit.files) {
    lines.push(`  ${paint('path', safeText(path))}  ${paint('muted', status)}`);
    if (note !== undefined) lines.push(`    ${paint('warning', reasonText(note))}`);
    for (const line of patchLines(patch)) lines.push(`    ${paint(lineRole(line), safeText(line))}`);
  }
  lines.push(...rendered.map((change) => `  ${changeText(change, paint)}`));
  if (rendered.length === 0) lines.push('  No object changes.');
  for (const reason of [...notes, ...cannotUndo]) lines.push(`  ${paint('warning', reasonText(reason))}`);
  for (const reason of [commit.refused, commit.mustBranch]) if (reason !== undefined) lines.push(`  ${paint('bad', reasonText(reason))}`);
  return `${lines.join('\n')}\n`;
}

function sharedLines({ applicationId, files, rendered, problem }: SharedChange, paint: TextOptions['paint']): readonly string[] {
  return [
    `  ${paint('warning', 'also changes')} ${paint('title', safeText(applicationId))}  ${paint('muted', safeText(files.join(', ')))}`,
    ...(problem === undefined ? [] : [`    ${paint('bad', reasonText(problem))}`]),
    ...(rendered.length === 0 && problem === undefined ? ['    No object of it changes.'] : []),
    ...rendered.map((change) => `    ${changeText(change, paint)}`),
  ];
}

function changeText({ action, key }: RenderedChange, paint: TextOptions['paint']): string {
  const { namespace, ...named } = parseKeyString(key);
  const name = displayName({ ...named, namespace });
  const where = namespace === '' ? '' : paint('muted', `  ${safeText(namespace)}`);
  return `${paint(action === 'prune' ? 'bad' : 'good', action.padEnd(9))} ${paint('title', safeText(name))}${where}`;
}

/** Lines of a patch from its first hunk on. */
function patchLines(patch: string | undefined): readonly string[] {
  const lines = (patch ?? '').trimEnd().split('\n');
  const start = lines.findIndex((line) => line.startsWith('@@'));
  return start < 0 ? [] : lines.slice(start);
}

function lineRole(line: string): TextRole {
  return line.startsWith('+') ? 'git' : line.startsWith('-') ? 'live' : 'muted';
}

/** What came of it, a line each. */
export function rollbackResultText({ committed, pushed }: RollbackResult, { paint }: TextOptions): string {
  const lines: string[] = [];
  if (committed !== undefined) {
    const { commit, branch, changedByHooks, warnings, requestUrl } = committed;
    lines.push(`${paint('good', 'committed')} ${commit.slice(0, short)} to ${safeText(branch)}`);
    if (changedByHooks.length > 0) lines.push(`  hooks changed ${safeText(changedByHooks.join(', '))}`);
    for (const warning of warnings) lines.push(`  ${paint('warning', reasonText(warning))}`);
    if (requestUrl !== undefined) lines.push(`  create the pull request: ${safeText(requestUrl)}`);
  }
  if (pushed !== undefined)
    lines.push(pushed.outcome === 'pushed' ? paint('good', 'pushed') : `${paint('bad', pushed.outcome)}: ${reasonText(pushed.reason)}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A plan and what came of it, as JSON. */
export function toRollbackReport(applicationId: string, plan: RollbackPlan | undefined, result: RollbackResult): Record<string, unknown> {
  const { committed, pushed, synced, refused, nothing } = result;
  return {
    apiVersion: rollbackApiVersion,
    application: applicationId,
    ...(plan === undefined ? {} : { plan: toPlan(plan) }),
    ...(refused === undefined ? {} : { refused: { code: refused.code, message: sentence(refused.code, refused.details) } }),
    ...(nothing === undefined ? {} : { nothing: toReason(nothing) }),
    ...(committed === undefined
      ? {}
      : {
          committed: {
            commit: committed.commit,
            branch: committed.branch,
            changedByHooks: committed.changedByHooks,
            warnings: committed.warnings.map((warning) => toReason(warning)),
            ...(committed.requestUrl === undefined ? {} : { requestUrl: committed.requestUrl }),
          },
        }),
    ...(pushed === undefined ? {} : { pushed: { outcome: pushed.outcome, ...withReason(pushed.reason) } }),
    ...(synced === undefined ? {} : { synced: toSyncReport(synced.plans, synced.results) }),
  };
}

function toPlan(plan: RollbackPlan): Record<string, unknown> {
  const { commit } = plan;
  return {
    method: plan.method,
    to: toSummary(plan.summary),
    base: commit.base,
    reverted: plan.reverted.map((each) => toSummary(each)),
    files: commit.files.map(({ path, status, patch, note }) => ({
      path,
      status,
      ...(patch === undefined ? {} : { patch }),
      ...(note === undefined ? {} : { note: toReason(note) }),
    })),
    objects: plan.rendered,
    shared: plan.shared.map(({ applicationId, files, rendered, problem }) => ({
      application: applicationId,
      files,
      objects: rendered,
      ...(problem === undefined ? {} : { problem: toReason(problem) }),
    })),
    exact: plan.isExact,
    notes: plan.notes.map((note) => toReason(note)),
    cannotUndo: plan.cannotUndo.map((reason) => toReason(reason)),
    message: commit.message,
    ...(commit.mustBranch === undefined ? {} : { needsNewBranch: toReason(commit.mustBranch) }),
  };
}

function toSummary({ id, subject, author, committedAtMs }: CommitSummary): Record<string, unknown> {
  return { commit: id, subject, author, committedAt: new Date(committedAtMs).toISOString() };
}

function toSync({ id, by, startedAt, outcome }: SyncRecord): Record<string, unknown> {
  return { id, by, startedAt, outcome };
}
