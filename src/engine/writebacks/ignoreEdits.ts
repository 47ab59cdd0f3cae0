import { AppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { ignoreDifferencesOf, isRuleFor } from '../apps/argocd/customizations.ts';
import { configFileName, parseConfig } from '../apps/configFile.ts';
import { fluxIgnoreRules } from '../apps/flux/rules.ts';
import type { WorkingTree } from '../git/workingTree.ts';
import { type IgnoredPlace, ignoredBy, ignoredPlaces } from '../compare/ignore.ts';
import { stringAt } from '../model/json.ts';
import { displayName, isKubeObject, keyString } from '../model/objects.ts';
import { reasonOf } from '../model/reasons.ts';
import type { FieldDifference } from '../model/states.ts';
import { joinPath } from '../model/treePath.ts';
import type { IgnoreEffect, IgnorePlan, IgnoreRequest, RefusedTarget } from '../model/writeback.ts';
import { jqPlaces, type JqRunner, pointerPlaces } from '../owners/ownerPlaces.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { Workspaces } from '../sessions/workspaces.ts';
import { ignoreRuleEdit, type RulePlace } from '../writeback/ignoreRule.ts';
import { TextDraft } from '../writeback/textDraft.ts';
import { yamlValues } from '../writeback/yamlEdit.ts';
import type { IgnoreEditApi } from './writebackApi.ts';

const MAX_FILES = 20_000;
const MAX_BYTES = 1_000_000;
/** after which an owner's manifest is looked for again that the repo did not have */
const FORGET_MS = 10_000;

/** A file in which a rule has its place. */
interface RuleFile {
  readonly file: string;
  readonly original: string;
  readonly place: RulePlace;
  /** what people call it: `plumbline.yaml`, `Application argocd/shop` */
  readonly name: string;
}

/** Writes rules by which fields do not count, in the dialect of who owns the objects, and tells what they would hide before they are written. */
export class IgnoreEdits implements IgnoreEditApi {
  readonly #workspaces: Workspaces;
  readonly #jq: JqRunner;
  /** by repo and owner, the file that had its manifest last, or until when (epoch ms) none is looked for again */
  readonly #manifests = new Map<string, string | number>();

  /** @param jq evaluates rules of Argo CD */
  constructor(workspaces: Workspaces, jq: JqRunner) {
    this.#workspaces = workspaces;
    this.#jq = jq;
  }

  async plan({ targets }: IgnoreRequest, signal: AbortSignal): Promise<IgnorePlan> {
    const [first] = targets;
    const refused: RefusedTarget[] = [];
    const places = new Map<string, IgnorePlan['places'][number]>();
    const effects = new Map<string, IgnoreEffect>();
    const { workspace } = this.#workspaces.known(first?.applicationId ?? '');
    let draft = new TextDraft();
    for (const target of targets) {
      const { session, workspace: own } = this.#workspaces.known(target.applicationId);
      const tracked = session.object(target.key);
      const fields = tracked?.verdict.fields.filter(({ id, isCosmetic }) => (target.fieldId ?? (isCosmetic ? '' : id)) === id) ?? [];
      try {
        if (own !== workspace) throw new AppError('adopt-other-repo', { application: session.application.name });
        if (tracked === undefined || fields.length === 0) throw new AppError('not-compared-yet', { application: session.application.name });
        for (const field of fields) {
          const rule = await this.#ruleFile(workspace, session, tracked, signal);
          const added = await this.#add(draft, rule, session, tracked, field, signal);
          draft = added.draft;
          places.set(`${rule.file}\n${rule.name}`, { rule: rule.name, file: rule.file });
          for (const effect of added.effects) keep(effects, effect);
        }
      } catch (error) {
        signal.throwIfAborted();
        refused.push({ target, reason: reasonOf(error) });
      }
    }
    return { repoRoot: workspace.repo.root, edits: draft.edits(), places: [...places.values()], effects: [...effects.values()], refused };
  }

  async #add(
    draft: TextDraft,
    rule: RuleFile,
    session: ApplicationSession,
    tracked: TrackedObject,
    field: FieldDifference,
    signal: AbortSignal,
  ): Promise<{ readonly draft: TextDraft; readonly effects: readonly IgnoreEffect[] }> {
    const { file, original, place } = rule;
    const text = draft.text(file, original);
    const splice = ignoreRuleEdit(text, place, tracked.live ?? tracked.desired, field.path);
    if (splice === undefined) throw new AppError('ignore-not-declared', { application: session.application.name });
    const next = draft.with(file, original, splice);
    const effects: IgnoreEffect[] = [];
    for (const object of session.objects) {
      if (object.verdict.fields.length === 0 || object.live === undefined) continue;
      const hidden = await this.#hidden(next.text(file, original), place, object, signal);
      for (const each of object.verdict.fields) {
        if (ignoredBy(hidden, each.path) === undefined) continue;
        const isIntended = each.id === field.id && keyString(object.key) === keyString(tracked.key);
        effects.push({ applicationId: session.application.id, object: displayName(object.key), fieldId: each.id, isIntended });
      }
    }
    if (!effects.some(({ isIntended }) => isIntended)) throw new AppError('ignore-no-effect');
    return { draft: next, effects };
  }

  /** The places of an object that the rules of an edited text leave out. */
  async #hidden(
    text: string,
    place: RulePlace,
    { desired, live, schema }: TrackedObject,
    signal: AbortSignal,
  ): Promise<readonly IgnoredPlace[]> {
    if (live === undefined) return [];
    if (place.dialect === 'plumbline') {
      const declared = parseConfig(text).applications.find(
        (each) => each.name === place.application && each.environment.name === place.environment,
      );
      // What differs now is left out by no rule that was there before.
      return ignoredPlaces(declared?.ignore ?? [], desired, live, schema);
    }
    const manifest = yamlValues(text)[place.document];
    if (!isKubeObject(manifest)) return [];
    const sides = { desired, live, schema };
    if (place.dialect !== 'argocd') {
      const rules = fluxIgnoreRules(manifest, '', live);
      return rules.flatMap(({ paths }) => paths.flatMap((path) => pointerPlaces(sides, path, { declaredBy: '' })));
    }
    const found: IgnoredPlace[] = [];
    for (const rule of ignoreDifferencesOf(manifest, '').filter((each) => isRuleFor(each, live))) {
      for (const pointer of rule.jsonPointers) found.push(...pointerPlaces(sides, pointer, { declaredBy: '' }));
      for (const expression of rule.jqPathExpressions)
        found.push(...(await jqPlaces(this.#jq, sides, expression, { declaredBy: '' }, signal)).places);
    }
    return found;
  }

  /** Where the rule belongs: to the manifest of who owns the object when the repo has it, else to plumbline.yaml. */
  async #ruleFile(
    workspace: Workspace,
    { application }: ApplicationSession,
    { view }: TrackedObject,
    signal: AbortSignal,
  ): Promise<RuleFile> {
    const owned = view === undefined ? undefined : await this.#ownersManifest(workspace, view.name, signal);
    if (owned !== undefined) return owned;
    const text = await workspace.repo.workingTree.readText(configFileName);
    const { environment } = application.destination ?? {};
    if (text === undefined || application.origin !== 'plumbline.yaml' || environment === undefined) {
      if (view !== undefined) throw new AppError('ignore-owner-not-in-repo', { owner: view.name });
      throw new AppError('ignore-not-declared', { application: application.name });
    }
    const place: RulePlace = { dialect: 'plumbline', application: application.name, environment };
    return { file: configFileName, original: text, place, name: configFileName };
  }

  /** The manifest of an Application, Kustomization or HelmRelease, `Kind namespace/name`, in the repo's files. */
  async #ownersManifest(workspace: Workspace, owner: string, signal: AbortSignal): Promise<RuleFile | undefined> {
    const { workingTree, root } = workspace.repo;
    const key = `${root}\n${owner}`;
    const known = this.#manifests.get(key);
    if (typeof known === 'number' && Date.now() < known) return undefined;
    const again = typeof known === 'string' ? await manifestIn(workingTree, known, owner) : undefined;
    const found = again ?? (await this.#searchManifest(workingTree, owner, signal));
    this.#manifests.set(key, found?.file ?? Date.now() + FORGET_MS);
    return found;
  }

  async #searchManifest(workingTree: WorkingTree, owner: string, signal: AbortSignal): Promise<RuleFile | undefined> {
    if (!/^(Application|Kustomization|HelmRelease) /.test(owner)) return undefined;
    let [waiting, count] = [[''], 0];
    while (waiting.length > 0) {
      const next: string[] = [];
      for (const folder of waiting) {
        signal.throwIfAborted();
        for (const entry of (await workingTree.list(folder)) ?? []) {
          const path = joinPath(folder, entry.name);
          if (entry.isLink || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
          if (entry.kind === 'directory') next.push(path);
          if (entry.kind !== 'file' || !/\.ya?ml$/.test(entry.name) || (count += 1) > MAX_FILES) continue;
          const found = await manifestIn(workingTree, path, owner);
          if (found !== undefined) return found;
        }
      }
      waiting = next;
    }
    return undefined;
  }
}

/** A file's manifest of an owner, `Kind namespace/name`; undefined when it has none. */
async function manifestIn(workingTree: WorkingTree, file: string, owner: string): Promise<RuleFile | undefined> {
  const [kind = '', id = ''] = owner.split(' ');
  const [namespace = '', name = ''] = id.includes('/') ? id.split('/') : ['', id];
  const text = await workingTree.readText(file).catch(() => undefined);
  if (text === undefined || text.length > MAX_BYTES || !text.includes(kind) || !text.includes(name)) return undefined;
  const document = documentOf(text, kind, namespace, name);
  const dialect = kind === 'Application' ? 'argocd' : kind === 'HelmRelease' ? 'HelmRelease' : 'Kustomization';
  return document < 0 ? undefined : { file, original: text, place: { dialect, document }, name: owner };
}

/** Which document of a text is the owner's manifest; -1: none. A kustomization's file has the same kind and another group. */
function documentOf(text: string, kind: string, namespace: string, name: string): number {
  try {
    return yamlValues(text).findIndex(
      (value) =>
        stringAt(value, 'kind') === kind &&
        /^(argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io)\//.test(stringAt(value, 'apiVersion') ?? '') &&
        stringAt(value, 'metadata', 'name') === name &&
        (namespace === '' || (stringAt(value, 'metadata', 'namespace') ?? namespace) === namespace),
    );
  } catch {
    // What does not parse is no manifest that a rule could be added to.
    return -1;
  }
}

/** An effect that several rules have stands once; asked for by one is asked for. */
function keep(effects: Map<string, IgnoreEffect>, effect: IgnoreEffect): void {
  const id = keyString({ group: effect.applicationId, kind: effect.object, namespace: '', name: effect.fieldId });
  const known = effects.get(id);
  effects.set(id, known === undefined ? effect : { ...effect, isIntended: known.isIntended || effect.isIntended });
}
