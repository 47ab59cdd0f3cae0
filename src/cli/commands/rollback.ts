import { AppError, isAppError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { CommitOutcome, PushOutcome } from '../../engine/model/commit.ts';
import type { RollbackPlan } from '../../engine/model/rollback.ts';
import type { Reason } from '../../engine/model/states.ts';
import type { RollbackArguments } from '../arguments.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { sentence } from '../messages.ts';
import {
  commitsText,
  type RollbackResult,
  rollbackPlanText,
  rollbackResultText,
  toCommitsReport,
  toRollbackReport,
} from '../rollbackReport.ts';
import { safeText } from '../style.ts';
import { compare } from './compare.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from './context.ts';
import { carryOut } from './sync.ts';

/** how many commits are listed to choose from */
const mostListed = 50;

/** A roll back that has come so far, and how it would end now. */
interface Progress {
  readonly plan?: RollbackPlan;
  readonly result: RollbackResult;
  readonly exitCode: ExitCode;
}

/** `plumbline rollback`: lists the commits to go back to, or goes back to one: as a commit, then, when asked, pushed and synced. */
export async function runRollback(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint, now, signal } = context;
  const rollback = args.rollback ?? { method: 'restore', pushes: false, syncs: false };
  const compared = await compare(context);
  try {
    const ids = compared.comparisons.map(({ application }) => application.id);
    const [id] = ids;
    if (id === undefined || ids.length > 1) throw new AppError('cli-one-app', { apps: ids });
    const { engine } = compared;
    if (rollback.to === undefined) {
      const history = await engine.rollbacks.history(id, mostListed, signal);
      if (args.output === 'json') output.out(`${JSON.stringify(toCommitsReport(id, history), undefined, 2)}\n`);
      else output.out(commitsText(id, history, { paint, nowMs: now() }));
      return exitCodes.same;
    }
    const { plan, result, exitCode } = await goBack(engine, id, rollback.to, rollback, context);
    if (args.output === 'json') output.out(`${JSON.stringify(toRollbackReport(id, plan, result), undefined, 2)}\n`);
    if (result.refused !== undefined) output.err(`plumbline: ${safeText(sentence(result.refused.code, result.refused.details))}\n`);
    return exitCode;
  } finally {
    compared.dispose();
  }
}

async function goBack(engine: Engine, id: string, to: string, rollback: RollbackArguments, context: CommandContext): Promise<Progress> {
  const { args, output, paint, now, signal } = context;
  const planned = await planOf(engine, id, to, rollback, signal);
  if ('code' in planned) {
    const isNothing = planned.code === 'rollback-nothing';
    if (isNothing && args.output === 'text') output.out(`${safeText(sentence(planned.code, planned.details))}\n`);
    return { result: isNothing ? { nothing: planned } : { refused: planned }, exitCode: exitOf(planned.code) };
  }
  const plan = planned;
  if (args.output === 'text') output.out(rollbackPlanText(plan, { paint, nowMs: now() }));
  const { commit } = plan;
  const mustBranch = rollback.newBranch === undefined ? commit.mustBranch : undefined;
  const isUnpushed = rollback.syncs && !rollback.pushes && isAtUpstream(engine, id);
  const unpushed: Reason | undefined = isUnpushed
    ? { code: 'cli-sync-needs-push', details: { remote: commit.push?.remote ?? 'origin', branch: commit.push?.remoteBranch ?? '' } }
    : undefined;
  const refused = commit.refused ?? mustBranch ?? unpushed;
  if (refused !== undefined) return { plan, result: { refused }, exitCode: exitCodes.refused };
  if (!(await isAgreed(plan, rollback, context))) return { plan, result: {}, exitCode: exitCodes.differences };
  let committed: CommitOutcome;
  try {
    const branch = rollback.newBranch === undefined ? {} : { newBranch: rollback.newBranch };
    committed = await engine.commits.commit(commit.id, { message: commit.message, ...branch }, signal);
  } catch (error) {
    // Nothing was committed: index, files and branches are as before.
    return { plan, result: { refused: appReason(error) }, exitCode: exitCodes.failed };
  }
  const progress = await goOn(engine, id, committed, rollback, context);
  return { ...progress, plan };
}

/** Pushes and syncs what is committed. */
async function goOn(
  engine: Engine,
  id: string,
  committed: CommitOutcome,
  rollback: RollbackArguments,
  context: CommandContext,
): Promise<Progress> {
  const { args, output, paint, now, signal } = context;
  const pushed = rollback.pushes ? await pushOf(engine, committed, context) : undefined;
  const so = { committed, ...(pushed === undefined ? {} : { pushed }) };
  if (args.output === 'text') output.out(rollbackResultText(so, { paint, nowMs: now() }));
  if (pushed !== undefined && pushed.outcome !== 'pushed') return { result: so, exitCode: exitCodes.partlyApplied };
  if (!rollback.syncs) return { result: so, exitCode: exitCodes.same };
  if (!(await engine.rollbacks.arrived(id, committed.commit, signal))) {
    const refused = { code: 'cli-not-arrived', details: { app: id, commit: committed.commit.slice(0, 7) } };
    return { result: { ...so, refused }, exitCode: exitCodes.partlyApplied };
  }
  const plans = await engine.syncs.plan([{ applicationId: id }], { kind: 'sync', prune: args.prunes }, signal);
  const { results, exitCode } = await carryOut(engine.syncs, plans, context);
  const isUndone = exitCode === exitCodes.failed || exitCode === exitCodes.differences;
  return { result: { ...so, synced: { plans, results } }, exitCode: isUndone ? exitCodes.partlyApplied : exitCode };
}

async function pushOf(engine: Engine, { branch }: CommitOutcome, { args, signal }: CommandContext): Promise<PushOutcome> {
  try {
    const root = engine.repos()[0]?.root ?? args.repo;
    return await engine.commits.push(await engine.commits.planPush(root, branch, signal), signal);
  } catch (error) {
    return { outcome: 'failed', reason: appReason(error) };
  }
}

/** The plan, or why there is none. */
async function planOf(
  engine: Engine,
  id: string,
  to: string,
  { method, mainline }: RollbackArguments,
  signal: AbortSignal,
): Promise<RollbackPlan | Reason> {
  try {
    const mainlines = mainline === undefined ? {} : { mainlines: { '': mainline } };
    const planning = await engine.rollbacks.plan({ applicationId: id, revision: to, method, ...mainlines }, signal);
    switch (planning.kind) {
      case 'plan':
        return planning.plan;
      case 'conflict':
        return { code: 'rollback-conflict', details: { commit: planning.commit.id.slice(0, 7), files: planning.files } };
      case 'mainline': {
        const commits = planning.questions.map(({ commit, parents }) => {
          const sides = parents.map((parent, index) => `${String(index + 1)}: ${parent.id.slice(0, 7)} ${parent.subject}`);
          return `${commit.id.slice(0, 7)} ${commit.subject} (${sides.join('; ')})`;
        });
        return { code: 'rollback-mainline', details: { commits } };
      }
    }
  } catch (error) {
    return appReason(error);
  }
}

/** Whether an application's target is a branch of a remote, which a local commit does not move. */
function isAtUpstream(engine: Engine, id: string): boolean {
  return engine.session(id)?.target?.isUpstream === true;
}

function appReason(error: unknown): Reason {
  if (!isAppError(error)) throw error;
  return { code: error.code, details: error.details };
}

function exitOf(code: string): ExitCode {
  if (code === 'rollback-nothing') return exitCodes.same;
  if (code === 'rollback-not-rendered') return exitCodes.notCompared;
  return code.startsWith('rollback-') ? exitCodes.refused : exitCodes.usage;
}

function isAgreed({ commit, shared }: RollbackPlan, { newBranch, pushes }: RollbackArguments, context: CommandContext): Promise<boolean> {
  const where = newBranch ?? commit.branch ?? 'HEAD';
  const carried = pushes && newBranch === undefined ? (commit.push?.count ?? 0) : 0;
  const others = shared.length === 0 ? '' : `, which also changes ${shared.map(({ applicationId }) => applicationId).join(', ')}`;
  const push = pushes ? `, and push${carried === 0 ? '' : ` with ${String(carried)} other unpushed commits`}` : '';
  return confirm(`Commit ${String(commit.files.length)} files to ${where}${push}${others}`, [], context);
}
