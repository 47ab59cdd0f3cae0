import { ApplicationFinder } from '../apps/applications.ts';
import { configFileName } from '../apps/configFile.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { secretValuesOf } from './commitSecrets.ts';
import { isComplete, renderReason, type RenderResult } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Reason } from '../model/states.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** Which edits of a repo belong to applications. Paths are relative to the root. */
export interface CommitInputs {
  /** edited files that the applications read: in the working tree, at the checked-out commit, or at target */
  readonly chosen: readonly string[];
  /** edited files that they do not read */
  readonly left: readonly string[];
  /** files that they read, with edits that are not saved */
  readonly unsaved: readonly string[];
  readonly secretValues: ReadonlySet<string>;
  /** applications that do not render with the edits */
  readonly warnings: readonly Reason[];
  /** false: a value that a file sets may belong to a Secret which did not render */
  readonly areSecretsKnown: boolean;
}

/**
 * Finds the edited files that applications read: tracked edits, new files that the working tree's render reads, and deleted ones that the
 * commit's render read. The file that declares the applications belongs to them when their declaration changed.
 * @param head full id of the checked-out commit
 */
export async function commitInputs(
  { repo }: Workspace,
  sessions: readonly ApplicationSession[],
  renderer: SourceRenderer,
  head: string,
  signal: AbortSignal,
): Promise<CommitInputs> {
  const git = await repo.repository(signal);
  const tree = await git.tree(head, signal);
  const edited = [...(await git.editedPaths([], signal)).keys()];
  const reads = new Set<string>();
  const renders: RenderResult[] = [];
  const warnings: Reason[] = [];
  let areSecretsKnown = true;
  for (const { application, connection, render: target } of sessions) {
    const working = await renderer.render(application, repo.workingTree, connection, signal);
    const committed = await renderer.render(application, tree, connection, signal);
    const all = [working, committed, ...(target === undefined ? [] : [target])];
    for (const read of all.flatMap((render) => render.reads)) if (read.kind === 'file') reads.add(read.path);
    renders.push(...all);
    if (isComplete(working)) continue;
    const error = working.errors.find((each) => each.isWarning !== true);
    const reason = error === undefined ? { code: 'internal', details: {} } : renderReason(error);
    warnings.push({ code: 'commit-not-rendered', details: { ...reason.details, application: application.name } });
    areSecretsKnown = false;
  }
  if (edited.includes(configFileName) && (await isDeclaredAnew(sessions, repo.root, tree, signal))) reads.add(configFileName);
  const unsaved = (await repo.workingTree.unsavedPaths()).filter((path) => reads.has(path));
  return {
    chosen: edited.filter((path) => reads.has(path)),
    left: edited.filter((path) => !reads.has(path)),
    unsaved,
    secretValues: secretValuesOf(renders),
    warnings,
    // Of a file with unsaved edits the text on disk is committed, which nothing has rendered.
    areSecretsKnown: areSecretsKnown && unsaved.length === 0,
  };
}

/** Whether the commit declares one of these applications otherwise than the files on disk do, or not at all. */
async function isDeclaredAnew(
  sessions: readonly ApplicationSession[],
  root: string,
  tree: SourceTree,
  signal: AbortSignal,
): Promise<boolean> {
  const declared = sessions.map(({ application }) => application).filter(({ origin }) => origin === 'plumbline.yaml');
  if (declared.length === 0) return false;
  const before = await new ApplicationFinder(root).find(tree, {}, undefined, signal);
  const textOf = (application: object | undefined): string => JSON.stringify({ ...application, declaredAt: undefined });
  return declared.some((application) => textOf(application) !== textOf(before.applications.find(({ id }) => id === application.id)));
}
