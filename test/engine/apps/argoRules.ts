import type { JsonObject } from '../../../src/engine/model/json.ts';

/** Rules of an Application, and of argocd-cm, with what they leave of two edits: of the replicas by kubectl, of the image by a program. */
export const argoRules: {
  readonly name: string;
  readonly rules?: readonly JsonObject[];
  readonly system?: Record<string, string>;
  /** fields that still count: r(eplicas), i(mage) */
  readonly left: '' | 'r' | 'i' | 'ri';
  /** `by` of what is left out, `r: ` or `i: ` before it */
  readonly by?: readonly string[];
  readonly problems?: number;
}[] = [
  { name: 'none', left: 'ri' },
  {
    name: 'a pointer',
    rules: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }],
    left: 'i',
    by: ['r: Application argocd/argo ignoreDifferences[0]'],
  },
  {
    name: 'group and kind as globs',
    rules: [{ group: '*', kind: '{Deploy*,Other}', jsonPointers: ['/spec/replicas'] }],
    left: 'i',
    by: ['r: Application argocd/argo ignoreDifferences[0]'],
  },
  { name: 'another object', rules: [{ group: 'apps', kind: 'Deployment', name: 'other', jsonPointers: ['/spec/template'] }], left: 'ri' },
  {
    name: 'another namespace',
    rules: [{ group: 'apps', kind: 'Deployment', namespace: 'x', jsonPointers: ['/spec/template'] }],
    left: 'ri',
  },
  { name: 'the core group', rules: [{ kind: 'Deployment', jsonPointers: ['/spec/replicas'] }], left: 'ri' },
  {
    name: 'an item by index',
    rules: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/template/spec/containers/0/image'] }],
    left: 'r',
    by: ['i: Application argocd/argo ignoreDifferences[0]'],
  },
  {
    name: 'pointers that Argo CD does not read: a star, the name of an item',
    rules: [
      {
        group: 'apps',
        kind: 'Deployment',
        jsonPointers: ['/spec/*', '/spec/template/spec/containers/*/image', '/spec/template/spec/containers/web/image'],
      },
    ],
    left: 'ri',
  },
  {
    name: 'jq',
    rules: [
      { group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web") | .image'] },
    ],
    left: 'r',
    by: ['i: Application argocd/argo ignoreDifferences[0] jq .spec.template.spec.containers[] | select(.name == "web") | .image'],
  },
  {
    name: 'one field by several expressions and a pointer: it counts once, for the first that names it',
    rules: [
      {
        group: 'apps',
        kind: 'Deployment',
        jqPathExpressions: ['.spec.replicas', '.spec | .replicas', '.spec.replicas, .spec.replicas'],
        jsonPointers: ['/spec/replicas'],
      },
      { group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec.replicas'] },
    ],
    left: 'i',
    by: ['r: Application argocd/argo ignoreDifferences[0]'],
  },
  { name: 'jq that is none', rules: [{ group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec['] }], left: 'ri', problems: 1 },
  {
    name: 'a trusted manager',
    rules: [{ group: 'apps', kind: 'Deployment', managedFieldsManagers: ['image-bot'] }],
    left: 'r',
    by: ['i: Application argocd/argo ignoreDifferences[0] manager image-bot'],
  },
  {
    name: 'argocd-cm, of the kind',
    system: {
      'resource.customizations.ignoreDifferences.apps_Deployment': 'jsonPointers: [/spec/replicas]\nmanagedFieldsManagers: [image-bot]',
    },
    left: '',
    by: [
      'i: argocd-cm resource.customizations.ignoreDifferences.apps_Deployment manager image-bot',
      'r: argocd-cm resource.customizations.ignoreDifferences.apps_Deployment',
    ],
  },
  {
    name: 'argocd-cm, of all kinds',
    system: { 'resource.customizations.ignoreDifferences.all': 'jqPathExpressions: [.spec.replicas]' },
    left: 'i',
    by: ['r: argocd-cm resource.customizations.ignoreDifferences.all jq .spec.replicas'],
  },
  {
    name: 'argocd-cm, in one text',
    system: { 'resource.customizations': 'apps/*:\n  ignoreDifferences: |\n    jsonPointers: [/spec/replicas]\n' },
    left: 'i',
    by: ['r: argocd-cm resource.customizations apps/*'],
  },
];
