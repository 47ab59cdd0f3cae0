import type { BackgroundRunner } from '../../base/async.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import type { LiveChange } from '../live/liveRouter.ts';
import type { Application, FileRange } from '../model/application.ts';
import { keyString } from '../model/objects.ts';
import { isComplete, type RenderedObject, type RenderResult } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { FieldDifference } from '../model/states.ts';
import { SourceLines } from '../provenance/sourceLines.ts';
import { MemoryTree } from '../render/memoryTree.ts';
import type { JqRunner } from '../owners/ownerPlaces.ts';
import type { RenderService } from '../render/renderService.ts';
import { specInputOf } from '../sources/specInputs.ts';
import { specOf } from '../sources/sourceRenderer.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';

/** An application as its session knows it: what its lines are proved from. */
interface ComparedApplication {
  readonly application: Application;
  readonly connection: ClusterConnection | undefined;
  readonly render: RenderResult | undefined;
  readonly tree: SourceTree | undefined;
  readonly objects: readonly TrackedObject[];
  /** objects whose lines are known now are placed again */
  liveChanged(change: LiveChange): void;
}

interface AskedField {
  readonly object: TrackedObject;
  readonly field: FieldDifference;
}

/** Proves the lines of drifted fields behind Kustomize and Helm, in the background, and tells the applications when they are known. */
export class FieldLines {
  readonly lines: SourceLines;
  /** runs jq where it stands before nobody */
  readonly jq: JqRunner;
  readonly #background: BackgroundRunner;
  readonly #isShown: () => boolean;
  /** by rendered object and field: the proved line, undefined when there is none */
  readonly #known = new WeakMap<RenderedObject, Map<string, FileRange | undefined>>();

  /**
   * @param probes renders what is tried; apart from the one that people wait for
   * @param isShown whether anybody looks at lines, so that they are proved before they are asked for
   */
  constructor(probes: RenderService, background: BackgroundRunner, isShown: () => boolean = () => true) {
    this.#background = background;
    this.#isShown = isShown;
    this.jq = probes;
    this.lines = new SourceLines(({ spec, tree, said }) => async (changed, signal) => {
      const text = said === undefined ? undefined : changed[said.file];
      const changedSpec = text === undefined ? spec : said?.specOf(text);
      // Without its parameters there is nothing to render.
      if (changedSpec === undefined) return { objects: [], errors: [] };
      return probes.render(changedSpec, new MemoryTree(changed, tree), { signal });
    });
  }

  /** The proved line of a field, when it is known already. */
  known(rendered: RenderedObject, field: Pick<FieldDifference, 'id'>): FileRange | undefined {
    return this.#known.get(rendered)?.get(field.id);
  }

  /**
   * Proves the lines of what differs in an application; its objects are placed again when some were found.
   * @param workingTree whose plumbline.yaml declares it
   */
  follow(session: ComparedApplication, workingTree: SourceTree): void {
    const { application, connection, render, tree } = session;
    const { type } = application.source;
    if (type === 'directory' || !this.#isShown()) return;
    if (render === undefined || tree === undefined || !isComplete(render)) return;
    const asked = session.objects.flatMap((object) => this.#unknown(object, type === 'helm').map((field) => ({ object, field })));
    if (asked.length === 0) return;
    const spec = specOf(application, connection);
    this.#background.run(`prove lines of ${application.id}`, async (signal) => {
      const said = await specInputOf(application, connection, workingTree);
      const source = { spec, tree, render, said };
      const keys = new Set<string>();
      const found = ({ object, field }: AskedField, range: FileRange | undefined): void => {
        if (range === undefined) return;
        this.#known.get(object.rendered)?.set(field.id, range);
        keys.add(keyString(object.key));
      };
      const inGit = asked.filter(({ field }) => field.change !== 'added');
      const questions = inGit.map(({ object: { rendered }, field: { path, live } }) => ({
        object: rendered,
        path,
        ...(live === undefined ? {} : { live }),
      }));
      const located = await this.lines.locate(source, questions, signal);
      for (const [index, each] of inGit.entries()) if (located[index]?.certainty === 'proved') found(each, located[index].range);
      for (const each of asked) {
        if (each.field.change !== 'added') continue;
        found(each, await this.lines.parentLine(source, each.object.rendered, each.field.path, signal));
      }
      if (keys.size > 0) session.liveChanged({ keys, namespaces: new Set() });
    });
  }

  /** Differing fields of an object that nobody asked about yet. @param withAdded those that only live has, too: nothing else knows a line of theirs */
  #unknown({ rendered, verdict }: TrackedObject, withAdded: boolean): readonly FieldDifference[] {
    if (verdict.fields.length === 0) return [];
    const known = this.#known.get(rendered) ?? new Map<string, FileRange | undefined>();
    this.#known.set(rendered, known);
    const fields = verdict.fields.filter(
      ({ id, change, isCosmetic }) => (withAdded || change !== 'added') && !isCosmetic && !known.has(id),
    );
    for (const { id } of fields) known.set(id, undefined);
    return fields;
  }
}
