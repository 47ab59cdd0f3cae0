import type { ApplicationRow, RepoRow } from '../../engine/model/snapshot.ts';
import type { Reason } from '../../engine/model/states.ts';
import type { EngineState } from '../engine/engineClient.ts';
import type { ViewState } from '../ids.ts';

/** What decides which welcome content the Applications view shows. */
export interface ViewFacts {
  readonly engine: EngineState;
  readonly isLoaded: boolean;
  readonly applications: ReadonlyMap<string, ApplicationRow>;
  readonly repos: readonly RepoRow[];
  /** applications that the filter hides, all of them */
  readonly areAllHidden: boolean;
}

const noRepository: readonly string[] = ['git-not-a-repository', 'not-a-repository'];

/** Why the view is empty, or `ready`. */
export function viewState(facts: ViewFacts): ViewState {
  if (facts.engine === 'failed') return 'failed';
  if (facts.areAllHidden) return 'no-match';
  if (facts.applications.size > 0) return 'ready';
  if (!facts.isLoaded) return facts.engine === 'idle' ? 'idle' : 'loading';
  const problems = facts.repos.flatMap((repo) => repo.problems);
  if (problems.some(({ code }) => code === 'git-missing')) return 'git-missing';
  if (problems.some((problem) => isConfigProblem(problem))) return 'broken-config';
  if (facts.repos.length === 0 || facts.repos.every((repo) => isNoRepository(repo))) {
    return 'no-repository';
  }
  return 'no-applications';
}

/** Whether a folder is in no Git repository. */
function isNoRepository({ problems }: Pick<RepoRow, 'problems'>): boolean {
  return problems.some(({ code }) => noRepository.includes(code));
}

/** Whether a problem lies in plumbline.yaml. */
function isConfigProblem(reason: Reason): boolean {
  return reason.code.startsWith('config-');
}
