import { type ArgoCustomizations, argoRuleTexts, ignoreDifferencesOf, isRuleFor } from '../apps/argocd/customizations.ts';
import { argoForecast, type ArgoProject, respectsIgnoredDifferences } from '../apps/argocd/forecast.ts';
import { argoPruneForecast } from '../apps/argocd/pruneForecast.ts';
import { excludedBy } from '../apps/argocd/resourceFilter.ts';
import { arrayAt, stringAt } from '../model/json.ts';
import { type KubeObject, labelsOf, nameOf, namespaceOf } from '../model/objects.ts';
import type { OwnerPlace, OwnerView } from '../model/ownerView.ts';
import type { SchemaDocument } from '../model/schema.ts';
import type { Reason } from '../model/states.ts';
import { knownTypePlaces, knownTypesFor } from './knownTypes.ts';
import {
  distinct,
  jqPlaces,
  type JqRunner,
  liveOnlyPlaces,
  managerPlaces,
  type OwnedObject,
  pointerPlaces,
  type RuleOrigin,
} from './ownerPlaces.ts';

/** Argo CD's side of a view: the Application, and what its installation is told. */
export interface ArgoSide {
  readonly application: KubeObject;
  /** undefined: nothing is asked of it */
  readonly project: ArgoProject | undefined;
  /** the address of the object's cluster, as the Application names it */
  readonly server: string;
  readonly customizations: ArgoCustomizations;
  /** names of settings that count and may not be read */
  readonly unreadable: readonly string[];
  /** what admission changes counts (`IncludeMutationWebhook` with server-side diff) */
  readonly countsAdmission: boolean;
  /** the label by which this installation tracks, where it is another than the usual ones */
  readonly trackingLabel: string | undefined;
  /** asked only where fields are read as built-in types */
  readonly coreSchema: () => Promise<SchemaDocument | undefined>;
}

/** How Argo CD looks at an object of an Application: rules of the Application and of argocd-cm, known types, when it reverts. */
export async function argoView(jq: JqRunner, argo: ArgoSide, pair: OwnedObject, signal: AbortSignal): Promise<OwnerView> {
  const { application, customizations } = argo;
  const name = `${namespaceOf(application)}/${nameOf(application)}`;
  const excluded = excludedBy(customizations.filter, pair.live, argo.server);
  if (excluded !== undefined) return unmanagedView(name, excluded, pair.live.kind);
  const matching = [...ignoreDifferencesOf(application, name), ...customizations.ignore].filter((rule) => isRuleFor(rule, pair.live));
  const reason: Reason = { code: respectsIgnoredDifferences(application) ? 'ignored-argo-kept' : 'ignored-argo-set', details: { name } };
  const problems: Reason[] = argo.unreadable.map((config) => ({
    code: 'owner-settings-unreadable',
    details: { owner: 'Argo CD', name: config },
  }));
  const places: OwnerPlace[] = [];
  for (const rule of matching) {
    const origin: RuleOrigin = { declaredBy: rule.declaredBy, reason };
    for (const pointer of rule.jsonPointers) places.push(...pointerPlaces(pair, pointer, origin));
    places.push(...managerPlaces(pair, rule.managedFieldsManagers, origin));
    for (const expression of rule.jqPathExpressions) {
      const found = await jqPlaces(jq, pair, expression, origin, signal);
      places.push(...found.places);
      problems.push(...found.problems);
    }
  }
  const known = knownTypesFor(customizations.knownTypes, pair.live);
  const core = known.length === 0 ? undefined : await argo.coreSchema();
  for (const field of known) places.push(...knownTypePlaces({ ...pair, core }, field));
  places.push(...statusPlaces(customizations, pair), ...trackingPlaces(argo.trackingLabel, pair), ...argoLiveOnly(pair));
  const generator = arrayAt(application, 'metadata', 'ownerReferences').find((owner) => stringAt(owner, 'kind') === 'ApplicationSet');
  const generatedBy = stringAt(generator, 'name');
  return {
    owner: 'argocd',
    name: `Application ${name}`,
    rules: [
      ...matching.map((rule) => ({ paths: argoRuleTexts(rule), declaredBy: rule.declaredBy })),
      ...known.map(({ field, type, declaredBy }) => ({ paths: [`${field}: ${type}`], declaredBy })),
    ],
    places: distinct(places),
    revert: argoForecast(application, name, argo.project, pair.desired),
    prune: argoPruneForecast(application, name, argo.project),
    problems,
    ...(argo.countsAdmission ? { countsAdmission: true } : {}),
    ...(generatedBy === undefined ? {} : { generatedBy: `ApplicationSet ${namespaceOf(application)}/${generatedBy}` }),
  };
}

/**
 * How Argo CD looks at an object of an Application that is not live. One of an excluded kind it never creates, and drops from what it
 * compares with the condition `ExcludedResourceWarning`. Source: argo-cd controller/state.go, `CompareAppState`.
 */
export function argoViewOfMissing(
  { application, customizations, server, project }: Pick<ArgoSide, 'application' | 'customizations' | 'server' | 'project'>,
  desired: KubeObject,
): OwnerView {
  const name = `${namespaceOf(application)}/${nameOf(application)}`;
  const excluded = excludedBy(customizations.filter, desired, server);
  if (excluded !== undefined) return unmanagedView(name, excluded, desired.kind);
  const revert = argoForecast(application, name, project, desired);
  return { owner: 'argocd', name: `Application ${name}`, rules: [], places: [], revert, problems: [] };
}

/** Of an object that Argo CD takes no notice of, though it carries its marks. */
function unmanagedView(name: string, by: string, kind: string): OwnerView {
  return {
    owner: 'argocd',
    name: `Application ${name}`,
    rules: [],
    places: [],
    skip: by,
    skipReason: { code: 'ignored-argo-excluded', details: { kind } },
    revert: { mode: 'never', reason: { code: 'note-argo-excludes', details: { kind, by } } },
    problems: [],
  };
}

/** Fields that stand only live: Argo CD never compares them. */
export function argoLiveOnly(pair: OwnedObject): readonly OwnerPlace[] {
  return liveOnlyPlaces({ ...pair, owner: 'argocd' }, 'Argo CD', 'ignored-live-only-argo', () => true);
}

/** `status` that Git sets and an apply could set: Argo CD leaves it out as argocd-cm says, by default of every kind. */
function statusPlaces({ ignoredStatus }: ArgoCustomizations, { desired, resource }: OwnedObject): readonly OwnerPlace[] {
  if (desired['status'] === undefined || resource?.hasStatus !== false || ignoredStatus === 'none') return [];
  if (ignoredStatus === 'crd' && desired.kind !== 'CustomResourceDefinition') return [];
  return [{ path: [{ field: 'status' }], by: `Argo CD (ignoreResourceStatusField: ${ignoredStatus})` }];
}

/** The label that Argo CD itself adds while it applies; the usual ones are known to the comparison. */
function trackingPlaces(label: string | undefined, { desired, live }: OwnedObject): readonly OwnerPlace[] {
  if (label === undefined || labelsOf(live)[label] === undefined || labelsOf(desired)[label] !== undefined) return [];
  return [{ path: [{ field: 'metadata' }, { field: 'labels' }, { field: label }], by: `Argo CD (application.instanceLabelKey: ${label})` }];
}
