import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fluxBuilds } from '../../../src/engine/apps/flux/postBuild.ts';
import { documentTexts } from '../../../src/engine/apps/manifestTexts.ts';
import { ruleFacts } from '../../../src/engine/apps/ruleFacts.ts';

/** A CRD that names every word of Argo CD and Flux, as their own do: 2 MB of it takes `yaml` more than a second. */
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
spec:
  names: {kind: Application}
  description: |
    ignoreDifferences, driftDetection and kustomize.toolkit.fluxcd.io postBuild
    --- are told of here
    kind: Kustomization
`;
const application = `apiVersion: argoproj.io/v1alpha1
kind: "Application" 
metadata: {name: shop}
spec:
  ignoreDifferences:
    - {kind: Service, jsonPointers: [/spec/type]}
`;
const build = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization # of the shop
metadata: {name: shop}
spec: {path: ./shop, postBuild: {substitute: {a: b}}}
`;
const inFlow = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}\n`;

test('documents of a text that may be of some kinds', () => {
  const text = ['# all of it\n', definition, application, inFlow, build].join('---\n');
  const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length - 2;
  const found = (kinds: readonly string[]): unknown =>
    documentTexts(text, new Set(kinds)).map(({ text: each, firstLine }) => [each.replace(/^---\n/, ''), firstLine]);
  const undecided = [
    [inFlow, lineOf(inFlow)],
    [build, lineOf(build)],
  ];
  assert.deepEqual(found(['Secret']), [['# all of it\n', 0], ...undecided]);
  assert.deepEqual(found(['Application']), [['# all of it\n', 0], [application, lineOf(application)], ...undecided]);
  assert.deepEqual(
    documentTexts(text.replaceAll('\n', '\r\n'), new Set(['Application'])).map(({ firstLine }) => firstLine),
    [0, lineOf(application), lineOf(inFlow), lineOf(build)],
  );
});

test('rules and builds behind a definition are found on their lines, and the definition is not parsed', () => {
  // The yaml parser would refuse all documents of a text in which one throws.
  const bundle = `${definition}spec: *nowhere\n`;
  assert.deepEqual(
    ruleFacts('all.yaml', [bundle, application].join('---\n')).map(({ owner, range }) => [owner, range.startLine]),
    [['Application shop', bundle.split('\n').length + 5]],
  );
  assert.deepEqual(
    fluxBuilds('all.yaml', [bundle, build].join('---\n')).map(({ name }) => name),
    ['shop'],
  );
});
