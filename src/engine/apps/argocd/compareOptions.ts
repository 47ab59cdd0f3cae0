import { stringAt } from '../../model/json.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';

/**
 * Annotation with a comma-separated list of options; on an Application they are about all its objects, `IgnoreExtraneous` is about one.
 * Source: Argo CD docs/user-guide/compare-options.md, diff-strategies.md.
 */
const COMPARE_OPTIONS = 'argocd.argoproj.io/compare-options';

/** Whether an object carries an option of comparison, as it is written: `IgnoreExtraneous`, `ServerSideDiff=true`. */
export function hasCompareOption(object: KubeObject, option: string): boolean {
  return (annotationsOf(object)[COMPARE_OPTIONS] ?? '').split(',').some((each) => each.trim() === option);
}

/** Whether an Application asks for what admission changes to count, which it does with server-side diff alone. */
export function wantsAdmission(application: KubeObject): boolean {
  return hasCompareOption(application, 'IncludeMutationWebhook=true');
}

/**
 * Whether Argo CD compares an Application's objects by server-side dry-run. Source: argo-cd controller/state.go; `false` on the Application
 * goes before everything, `true` before the controller's own setting.
 * @param parameters `argocd-cmd-params-cm`; undefined: there is none
 */
export function comparesOnServer(application: KubeObject, parameters: KubeObject | undefined): boolean {
  if (hasCompareOption(application, 'ServerSideDiff=false')) return false;
  return hasCompareOption(application, 'ServerSideDiff=true') || stringAt(parameters, 'data', 'controller.diff.server.side') === 'true';
}
