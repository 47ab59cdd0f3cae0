import { AppError } from '../base/errors.ts';
import type { ApplicationSession } from './applicationSession.ts';
import { reasonOf } from './clusterHub.ts';
import type { FieldLines } from './fieldLines.ts';
import { decodeText } from './git/textEncoding.ts';
import { toJsonPointer, valueAtPath } from './model/fieldPath.ts';
import { jsonEqual } from './model/json.ts';
import { nameOf, namespaceOf } from './model/objects.ts';
import type { FieldDifference } from './model/states.ts';
import type { AdoptTarget, AffectedObject, RefusedTarget, TextEdit, WritebackPlan, WritebackRequest } from './model/writeback.ts';
import { MemoryTree } from './render/memoryTree.ts';
import { type SourceRenderer, specOf } from './sourceRenderer.ts';
import type { Workspace } from './workspace.ts';
import type { Workspaces } from './workspaces.ts';
import { adoptEdit } from './writeback/adoptEdit.ts';
import { impactOf } from './writeback/impact.ts';
import type { WritebackApi } from './writebackApi.ts';

/** What one target needs. */
interface Adopted {
  readonly edit: TextEdit;
  readonly affected: readonly AffectedObject[];
}

/** Takes live values into the lines that set them: each edit is proved by rendering every application that reads the file. */
export class Writebacks implements WritebackApi {
  readonly #workspaces: Workspaces;
  readonly #fields: FieldLines;
  readonly #renderer: SourceRenderer;

  constructor(workspaces: Workspaces, fields: FieldLines, renderer: SourceRenderer) {
    this.#workspaces = workspaces;
    this.#fields = fields;
    this.#renderer = renderer;
  }

  async plan({ targets }: WritebackRequest, signal: AbortSignal): Promise<WritebackPlan> {
    const edits: TextEdit[] = [];
    const affected: AffectedObject[] = [];
    const refused: RefusedTarget[] = [];
    for (const target of targets) {
      const { workspace, session } = this.#workspaces.known(target.applicationId);
      try {
        const adopted = await this.#adopt(workspace, session, target, signal);
        // Several objects may have their value from one line.
        if (edits.some(({ range }) => jsonEqual(range as never, adopted.edit.range as never))) continue;
        edits.push(adopted.edit);
        affected.push(...adopted.affected);
      } catch (error) {
        signal.throwIfAborted();
        refused.push({ target, reason: reasonOf(error) });
      }
    }
    return { edits, affected, refused, choices: [] };
  }

  async #adopt(workspace: Workspace, session: ApplicationSession, target: AdoptTarget, signal: AbortSignal): Promise<Adopted> {
    const tracked = session.object(target.key);
    const field = tracked?.verdict.fields.find(({ id }) => id === target.fieldId);
    if (tracked === undefined || field === undefined) throw new AppError('not-compared-yet', { application: session.application.name });
    const live = adoptable(tracked.key.kind, field);
    const tree = workspace.repo.workingTree;
    const { application, connection } = session;
    const render = await this.#renderer.render(application, tree, connection, signal);
    const wanted = tracked.rendered.object;
    const position = render.objects.findIndex(
      ({ object }) => object.kind === wanted.kind && nameOf(object) === nameOf(wanted) && namespaceOf(object) === namespaceOf(wanted),
    );
    const object = render.objects[position];
    const before = object === undefined ? undefined : valueAtPath(object.object, field.path);
    const pointer = object === undefined ? undefined : toJsonPointer(object.object, field.path);
    if (object === undefined || before === undefined || pointer === undefined) throw new AppError('adopt-only-live');
    const source = { spec: specOf(application, connection), tree, render };
    const [found] = await this.#fields.lines.locate(source, [{ object, path: field.path, live }], signal);
    if (found?.certainty !== 'proved') throw new AppError('adopt-not-proved');
    const { file } = found.range;
    const role = found.chain.find(({ range }) => range === found.range)?.role;
    if (role === 'template' || role === 'chart' || role === 'generator file') throw new AppError('adopt-in-template', { file });
    const bytes = await tree.read(file);
    if (bytes === undefined) throw new AppError('adopt-not-proved');
    const { edit, text } = adoptEdit(decodeText(bytes), found.range, before, live);
    const edited = new MemoryTree({ [file]: text }, tree);
    const after = await this.#renderer.render(application, edited, connection, signal);
    const now = after.objects[position];
    if (now === undefined || !jsonEqual(valueAtPath(now.object, field.path), live)) throw new AppError('adopt-no-effect', { file });
    return { edit, affected: await this.#impacts(workspace, session, edited, file, { object: position, pointer }, signal) };
  }

  /** What the edit changes in every application that reads the file. */
  async #impacts(
    workspace: Workspace,
    asked: ApplicationSession,
    edited: MemoryTree,
    file: string,
    intended: { readonly object: number; readonly pointer: string },
    signal: AbortSignal,
  ): Promise<readonly AffectedObject[]> {
    const affected: AffectedObject[] = [];
    for (const session of workspace.sessions) {
      const { application, connection } = session;
      const before = await this.#renderer.render(application, workspace.repo.workingTree, connection, signal);
      if (!before.reads.some(({ path, kind }) => kind === 'file' && path === file)) continue;
      const after = await this.#renderer.render(application, edited, connection, signal);
      const impact = impactOf(application.id, before, after, session === asked ? intended : undefined);
      if (impact.isBroken) throw new AppError('adopt-breaks-render', { application: application.name });
      affected.push(...impact.affected);
    }
    return affected;
  }
}

/** The live value of a field that may be written into Git. @throws AppError when it never may */
function adoptable(kind: string, { change, live, isMasked, writer }: FieldDifference): string | number | boolean | null {
  if (kind === 'Secret' || isMasked) throw new AppError('adopt-secret');
  if (change !== 'changed' || live === undefined) throw new AppError('adopt-only-live');
  if (writer?.subresource === 'scale') throw new AppError('adopt-controller-owned');
  if (typeof live === 'object' && live !== null) throw new AppError('adopt-not-scalar');
  return live;
}
