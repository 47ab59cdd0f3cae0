import { AppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { decodeText } from '../git/textEncoding.ts';
import { configFileName } from '../apps/configFile.ts';
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/objects.ts';
import { type DeployerSpec, isComplete, type PostBuildSpec, type RenderResult } from '../model/render.ts';
import { parentPath } from '../model/treePath.ts';
import type { AffectedObject } from '../model/writeback.ts';
import { MemoryTree } from '../render/memoryTree.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import { hasInlineValues, withConfig } from '../sources/specInputs.ts';
import type { Workspace } from '../sessions/workspace.ts';
import { type Intention, impactOf } from '../writeback/impact.ts';
import { TextDraft } from '../writeback/textDraft.ts';

/** Files of the working tree with edits, and what these are to do in which application. */
export interface Draft {
  readonly texts: TextDraft;
  /** by application */
  readonly intentions: ReadonlyMap<string, Intention>;
  /** what the edits change in every application that reads the files */
  readonly affected: readonly AffectedObject[];
}

/** A draft before its first edit. */
export const emptyDraft: Draft = { texts: new TextDraft(), intentions: new Map(), affected: [] };

/** What one more edit is to do. */
export interface Meant {
  readonly session: ApplicationSession;
  /** an object of the working tree's render, by its index, as it is to be */
  readonly object?: { readonly index: number; readonly value: KubeObject };
  /** `keyString` of an object that is to come */
  readonly added?: string;
}

/** Tries edits of the working tree: renders every application that reads an edited file, before and after. */
export class WritebackDrafts {
  readonly workspace: Workspace;
  readonly #renderer: SourceRenderer;
  readonly #before = new Map<string, RenderResult>();

  constructor(workspace: Workspace, renderer: SourceRenderer) {
    this.workspace = workspace;
    this.#renderer = renderer;
  }

  /** What an application renders to from the working tree as it is. */
  async before({ application, connection }: ApplicationSession, signal: AbortSignal): Promise<RenderResult> {
    const known = this.#before.get(application.id);
    if (known !== undefined) return known;
    const render = await this.#renderer.render(application, this.workspace.repo.workingTree, connection, signal);
    this.#before.set(application.id, render);
    return render;
  }

  /** What an application renders to with the edits of a draft. */
  async after({ texts }: Draft, { application, connection }: ApplicationSession, signal: AbortSignal): Promise<RenderResult> {
    const tree = new MemoryTree(await this.#withAliases(texts), this.workspace.repo.workingTree);
    return this.#renderer.render(inDraft(application, texts), tree, connection, signal);
  }

  /**
   * The text of a file of the working tree.
   * @throws AppError `edit-encoding` when it is not UTF-8, `edit-link` when it is reached through a link, `adopt-not-proved` when it is not there
   */
  async original(file: string): Promise<string> {
    const bytes = await this.workspace.repo.workingTree.read(file);
    if (bytes === undefined) throw new AppError('adopt-not-proved');
    const text = decodeText(bytes);
    const isUtf8 = (bytes[0] !== 0xff || bytes[1] !== 0xfe) && (bytes[0] !== 0xfe || bytes[1] !== 0xff) && !text.includes('\uFFFD');
    if (!isUtf8) throw new AppError('edit-encoding', { file });
    if (await this.#isLink(file)) throw new AppError('edit-link', { file });
    return text;
  }

  /**
   * A draft with other texts, when it does what it is meant to.
   * @throws AppError `adopt-breaks-render`, `adopt-no-effect`, `adopt-conflict`
   */
  async attempt(known: Draft, texts: TextDraft, meant: Meant, signal: AbortSignal): Promise<Draft> {
    const intentions = new Map(known.intentions);
    const { id } = meant.session.application;
    intentions.set(id, merged(known.intentions.get(id), meant));
    const tree = new MemoryTree(await this.#withAliases(texts), this.workspace.repo.workingTree);
    const affected: AffectedObject[] = [];
    const asked = this.workspace.sessions.map(({ application }) => application).filter((application) => intentions.has(application.id));
    const carriers = new Set(asked.flatMap((application) => [...carrierFiles(application)]));
    for (const session of this.workspace.sessions) {
      const { application, connection } = session;
      const isAsked = intentions.has(application.id);
      const before = await this.before(session, signal);
      if (!isAsked && (!isComplete(before) || !readsAny(application, before, texts.paths))) continue;
      const after = await this.#renderer.render(inDraft(application, texts), tree, connection, signal);
      const impact = impactOf(application.id, before, after, intentions.get(application.id), carriers);
      if (impact.isBroken) throw new AppError('adopt-breaks-render', { application: application.name });
      if (isAsked && !impact.isReached) {
        if (session !== meant.session) throw new AppError('adopt-conflict', { application: application.name });
        throw new AppError('adopt-no-effect', { file: texts.paths.at(-1) ?? '' });
      }
      affected.push(...impact.affected);
    }
    return { texts, intentions, affected };
  }

  /** The texts also under the other names that links give their files. */
  async #withAliases(texts: TextDraft): Promise<Readonly<Record<string, string>>> {
    const all = { ...texts.texts() };
    const { workingTree } = this.workspace.repo;
    const hashes = new Map<string, string>();
    for (const path of texts.paths) {
      const hash = await workingTree.hashOf(path);
      if (hash !== undefined) hashes.set(hash, path);
    }
    for (const { render } of this.workspace.sessions) {
      for (const { path, hash } of render?.reads ?? []) {
        const edited = hashes.get(hash);
        if (edited === undefined || all[path] !== undefined || !(await this.#isLink(path))) continue;
        all[path] = all[edited] ?? '';
      }
    }
    return all;
  }

  async #isLink(file: string): Promise<boolean> {
    for (let path = file; path !== ''; path = parentPath(path)) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const entries = await this.workspace.repo.workingTree.list(parentPath(path));
      if (entries?.find((entry) => entry.name === name)?.isLink === true) return true;
    }
    return false;
  }
}

/** Where the variables of Flux, or the parameters of a HelmRelease or Application, stand that an application is built with. */
function carrierFiles({ source: { postBuild, deployedBy } }: Application): ReadonlySet<string> {
  const filesOf = (spec: PostBuildSpec | DeployerSpec | undefined): readonly string[] =>
    spec === undefined ? [] : [spec.file, ...spec.sources.flatMap(({ file }) => file ?? [])];
  return new Set([...filesOf(postBuild), ...filesOf(deployedBy)]);
}

/** An application as the draft's plumbline.yaml declares it. */
function inDraft(application: Application, texts: TextDraft): Application {
  const config = texts.texts()[configFileName];
  if (config === undefined || application.origin !== 'plumbline.yaml') return application;
  const next = withConfig(application, config);
  if (next === undefined) throw new AppError('adopt-breaks-render', { application: application.name });
  return next;
}

/** What also moves. */
export function othersOf({ affected }: Draft): readonly AffectedObject[] {
  return affected.filter(({ kind }) => kind === 'other');
}

/** What also moves, and did not in an earlier draft; of one object there may be more fields now. */
export function newOthers(next: Draft, draft: Draft): readonly AffectedObject[] {
  const before = othersOf(draft);
  return othersOf(next).flatMap((other): readonly AffectedObject[] => {
    const paths = other.paths.filter((path) => !isAmong({ ...other, paths: [path] }, before));
    return paths.length === 0 ? [] : [{ ...other, paths }];
  });
}

/** Whether fields of an object are among those that others name. */
export function isAmong({ applicationId, object, paths }: AffectedObject, all: readonly AffectedObject[]): boolean {
  return all.some(
    (each) => each.applicationId === applicationId && each.object === object && each.paths.some((path) => paths.includes(path)),
  );
}

function merged(known: Intention | undefined, { object, added }: Meant): Intention {
  return {
    objects: new Map([...(known?.objects ?? []), ...(object === undefined ? [] : [[object.index, object.value] as const])]),
    added: new Set([...(known?.added ?? []), ...(added === undefined ? [] : [added])]),
  };
}

/** Whether a render read one of these files, or looked into the folder that a new one is in. */
function readsAny(application: Application, { reads }: RenderResult, paths: readonly string[]): boolean {
  if (hasInlineValues(application) && paths.includes(configFileName)) return true;
  const places = new Set(paths.flatMap((path) => [path, parentPath(path)]));
  return reads.some(({ path }) => places.has(path));
}
