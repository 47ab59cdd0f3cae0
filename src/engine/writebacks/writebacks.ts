import { isAppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { FieldLines } from '../editor/fieldLines.ts';
import { type DriftedField, FieldWritebacks, isAdded, type WantedField } from './fieldWritebacks.ts';
import { keyString } from '../model/objects.ts';
import { reasonOf } from '../model/reasons.ts';
import type {
  AffectedObject,
  RefusedTarget,
  WritebackAction,
  WritebackPlace,
  WritebackPlan,
  WritebackRequest,
  WritebackTarget,
} from '../model/writeback.ts';
import { ObjectWritebacks } from './objectWritebacks.ts';
import { OverlayWritebacks } from './overlayWritebacks.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { WritebackApi } from './writebackApi.ts';
import { type Draft, emptyDraft, isAmong, newOthers, othersOf, WritebackDrafts } from './writebackDraft.ts';
import type { Workspaces } from '../sessions/workspaces.ts';

/** One field, or one object that only the cluster has. */
type Piece = DriftedField | { readonly session: ApplicationSession; readonly onlyLive: string };

/** Takes live values into the files that set them: each edit is proved by rendering every application that reads the file. */
export class Writebacks implements WritebackApi {
  readonly #workspaces: Workspaces;
  readonly #fields: FieldLines;
  readonly #renderer: SourceRenderer;

  constructor(workspaces: Workspaces, fields: FieldLines, renderer: SourceRenderer) {
    this.#workspaces = workspaces;
    this.#fields = fields;
    this.#renderer = renderer;
  }

  async plan({ targets, action = 'adopt', place = 'source' }: WritebackRequest, signal: AbortSignal): Promise<WritebackPlan> {
    const [first] = targets;
    if (first === undefined) return { repoRoot: '', edits: [], newFiles: [], affected: [], refused: [], choices: [] };
    const { workspace } = this.#workspaces.known(first.applicationId);
    const drafts = new WritebackDrafts(workspace, this.#renderer);
    const fields = new FieldWritebacks(drafts, this.#fields);
    const parts: Parts = { action, fields, overlays: new OverlayWritebacks(drafts, fields), objects: new ObjectWritebacks(drafts) };
    const { root } = workspace.repo;
    const pieces = targets.map((target) => ({ target, pieces: this.#pieces(target, root) }));
    const refused = pieces.flatMap(({ target, pieces: { reason } }) => (reason === undefined ? [] : [{ target, reason }]));
    const asked = pieces.flatMap(({ target, pieces: { found } }) => found.map((piece) => ({ target, piece })));
    const atSource = await write(asked, new Set(), parts, signal);
    const moving = atSource.shared.filter(({ others }) => others.some((other) => isAmong(other, othersOf(atSource.draft))));
    const elsewhere = new Set(moving.map(({ piece }) => piece));
    const written = place === 'overlay' && elsewhere.size > 0 ? await write(asked, elsewhere, parts, signal) : atSource;
    const choices: readonly WritebackPlace[] =
      elsewhere.size === 0 ? [] : (await hasOverlay(moving, parts, signal)) ? ['source', 'overlay'] : ['source'];
    const { texts, affected } = written.draft;
    const edits = { edits: texts.edits(), newFiles: texts.newFiles() };
    return { repoRoot: root, ...edits, affected, refused: [...refused, ...written.refused], choices };
  }

  /** The fields or the object that a target means. */
  #pieces(
    { applicationId, key, fieldId }: WritebackTarget,
    repoRoot: string,
  ): { readonly found: readonly Piece[]; readonly reason?: RefusedTarget['reason'] } {
    const { workspace, session } = this.#workspaces.known(applicationId);
    const tracked = session.object(key);
    const details = { application: session.application.name };
    if (workspace.repo.root !== repoRoot) return { found: [], reason: { code: 'adopt-other-repo', details } };
    if (tracked === undefined) {
      const isExtraneous = fieldId === undefined && session.extraneous.some((object) => keyString(object.key) === key);
      return isExtraneous ? { found: [{ session, onlyLive: key }] } : { found: [], reason: { code: 'not-compared-yet', details } };
    }
    const fields = tracked.verdict.fields.filter((field) =>
      // What only waits to be applied is no change of live.
      fieldId === undefined ? !field.isCosmetic && field.direction !== 'out of sync' : field.id === fieldId,
    );
    if (fields.length === 0) return { found: [], reason: { code: fieldId === undefined ? 'adopt-nothing' : 'not-compared-yet', details } };
    return { found: fields.map((field) => ({ session, tracked, field })) };
  }
}

/** What writing works with. */
interface Parts {
  readonly action: WritebackAction;
  readonly fields: FieldWritebacks;
  readonly overlays: OverlayWritebacks;
  readonly objects: ObjectWritebacks;
}

interface Asked {
  readonly target: WritebackTarget;
  readonly piece: Piece;
}

/** A field whose edit also moves something else. */
interface Shared {
  readonly piece: Piece;
  readonly wanted: WantedField;
  readonly others: readonly AffectedObject[];
}

interface Written {
  readonly draft: Draft;
  readonly shared: readonly Shared[];
  readonly refused: readonly RefusedTarget[];
}

/** Writes one piece after the other. @param elsewhere those that go into the overlay */
async function write(asked: readonly Asked[], elsewhere: ReadonlySet<Piece>, parts: Parts, signal: AbortSignal): Promise<Written> {
  const [shared, refused]: [Shared[], RefusedTarget[]] = [[], []];
  let draft = emptyDraft;
  for (const { target, piece } of asked) {
    try {
      if ('onlyLive' in piece) {
        draft = await parts.objects.add(draft, piece.session, piece.onlyLive, signal);
        continue;
      }
      const wanted = await parts.fields.wanted(piece, parts.action, draft, signal);
      const next = await (elsewhere.has(piece) ? parts.overlays.edit(draft, wanted, signal) : edit(draft, wanted, parts, signal));
      const others = newOthers(next, draft);
      if (others.length > 0) shared.push({ piece, wanted, others });
      draft = next;
    } catch (error) {
      signal.throwIfAborted();
      refused.push({ target: { ...target, ...('field' in piece ? { fieldId: piece.field.id } : {}) }, reason: reasonOf(error) });
    }
  }
  return { draft, shared, refused };
}

/** Reasons that lie in the line which is to be edited, so that another place may do; with those that begin `lines-`. */
const LINE_REASONS: ReadonlySet<string> = new Set([
  'edit-not-exact',
  'adopt-not-proved',
  'adopt-composed',
  'adopt-no-effect',
  'adopt-in-template',
  'adopt-add-in-template',
]);

/** The draft with a field where its line is; what only live has and no line can take goes into the overlay. */
async function edit(draft: Draft, wanted: WantedField, { fields, overlays }: Parts, signal: AbortSignal): Promise<Draft> {
  try {
    return await fields.edit(draft, wanted, signal);
  } catch (error) {
    signal.throwIfAborted();
    const isOfLine = isAppError(error) && (LINE_REASONS.has(error.code) || error.code.startsWith('lines-'));
    if (!isOfLine || !isAdded(wanted)) throw error;
    return await overlays.edit(draft, wanted, signal).catch((other: unknown) => {
      signal.throwIfAborted();
      throw isAppError(other) ? error : other;
    });
  }
}

/** Whether all of it could be written where nothing else moves. */
async function hasOverlay(moving: readonly Shared[], { overlays }: Parts, signal: AbortSignal): Promise<boolean> {
  let draft: Draft = emptyDraft;
  for (const { wanted } of moving) {
    const next = await overlays.edit(draft, wanted, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      return undefined;
    });
    if (next === undefined) return false;
    draft = next;
  }
  return true;
}
