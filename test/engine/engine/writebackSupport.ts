import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Engine } from '../../../src/engine/engine.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { WritebackPlan, WritebackRequest, WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { kubectl, kustomize } from '../../tools/binaries.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

/** A Deployment in the style of people. */
export const deployment = `# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web} # one
spec:
  replicas: 2   # two
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: 'registry.example/web:1.0'
          args: [serve, --quiet]
          env:
            - name: MODE
              value: fast
`;

/** An engine on a repo, with what tests of write-backs ask of it. */
export interface Opened {
  readonly engine: Engine;
  readonly repo: string;
  plan(request: WritebackRequest): Promise<WritebackPlan>;
  /** the target of a drifted field; waits until it is seen */
  field(application: string, object: string, fieldId: string): Promise<WritebackTarget>;
  object(application: string, object: string): WritebackTarget;
}

/** A repo with these files in a namespace of its own, after `apply` has run in it, opened and compared. */
export async function opened(
  plane: ControlPlane,
  t: TestContext,
  namespace: string,
  files: Readonly<Record<string, string>>,
  apply: () => Promise<unknown>,
): Promise<Opened> {
  const repo = await testRepo(t, files);
  await kubectl(['create', 'namespace', namespace], { kubeconfig: plane.kubeconfigPath });
  process.chdir(repo);
  await apply();
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const object = (applicationId: string, name: string): WritebackTarget => {
    const row = engine.objects(applicationId).find((each) => `${each.kind}/${each.name}` === name);
    assert.ok(row, `no ${name} in ${applicationId}`);
    return { applicationId, key: row.key };
  };
  return {
    engine,
    repo,
    plan: (request) => engine.writebacks.plan(request, AbortSignal.timeout(180_000)),
    object,
    async field(applicationId, name, fieldId) {
      const target = object(applicationId, name);
      await until(engine, `${name} ${fieldId} differs`, () =>
        engine.objects(applicationId).some((row) => row.key === target.key && row.fields.some((field) => field.id === fieldId)),
      );
      return { ...target, fieldId };
    },
  };
}

/** Writes what a plan says, as the editor does. */
export async function carryOut(repo: string, { edits, newFiles }: WritebackPlan): Promise<void> {
  const offset = (text: string, line: number, column: number): number =>
    text
      .split('\n')
      .slice(0, line)
      .reduce((sum, each) => sum + each.length + 1, 0) + column;
  for (const file of new Set(edits.map(({ range }) => range.file))) {
    const path = join(repo, file);
    let text = await readFile(path, 'utf8');
    const own = edits
      .filter(({ range }) => range.file === file)
      .sort((a, b) => b.range.startLine - a.range.startLine || b.range.startColumn - a.range.startColumn);
    for (const { range, newText } of own)
      text =
        text.slice(0, offset(text, range.startLine, range.startColumn)) +
        newText +
        text.slice(offset(text, range.endLine, range.endColumn));
    await writeFile(path, text);
  }
  await writeFiles(repo, Object.fromEntries(newFiles.map(({ file, text }) => [file, text])));
}

/** What a native tool renders, by `Kind/name`. */
export function objectsIn(text: string): Readonly<Record<string, JsonValue>> {
  const documents = parseAllDocuments(text);
  const objects = ('empty' in documents ? [] : documents).flatMap((document) => {
    const value = document.toJS() as { kind: string; metadata: { name: string } } | null;
    return value === null ? [] : [[`${value.kind}/${value.metadata.name}`, value] as const];
  });
  return Object.fromEntries(objects);
}

/** What the native Kustomize builds. */
export const built = async (repo: string, path: string): Promise<Readonly<Record<string, JsonValue>>> =>
  objectsIn(await kustomize(['build', join(repo, path)], {}));

/** The spec of a Deployment. */
export const spec = (
  object: unknown,
): { replicas?: number; template: { spec: { containers: { image: string; args: unknown; env: unknown }[] } } } =>
  (object as { spec: never }).spec;
