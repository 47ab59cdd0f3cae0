import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../../src/base/log.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import type { HelmSpec, RenderErrorCode, SourceSpec } from '../../../src/engine/model/render.ts';
import { RenderService, type RenderServiceOptions } from '../../../src/engine/render/renderService.ts';
import { helm, kustomize } from '../../tools/binaries.ts';
import { buildWasm } from '../../tools/wasm.mjs';

/** A folder of test/engine/render/cases: what to render, and what must fail. */
export interface Case {
  readonly name: string;
  readonly folder: string;
  readonly spec: SourceSpec;
  /** the code with which our render must fail where the native one fails too */
  readonly fails?: RenderErrorCode;
  readonly file?: string;
  readonly line?: number;
}

interface CaseFile extends Pick<Case, 'fails' | 'file' | 'line'>, Pick<SourceSpec, 'kustomize' | 'kubeVersion' | 'apiVersions'> {
  readonly helm?: Partial<HelmSpec>;
}

/** of a render on a machine that many tests share; tests of the limit name their own */
const patientMs = 60_000;

export const CASES = fileURLToPath(new URL('./cases/', import.meta.url));

/** All cases, in the order of their names. */
export async function cases(): Promise<readonly Case[]> {
  const names = (await readdir(CASES)).sort();
  return Promise.all(
    names.map(async (name) => {
      const folder = join(CASES, name);
      const text = await readFile(join(folder, 'case.json'), 'utf8').catch(() => '{}');
      const { helm: parameters, kustomize: build, fails, file, line, ...rest } = JSON.parse(text) as CaseFile;
      const spec: SourceSpec = name.startsWith('helm')
        ? { type: 'helm', path: 'chart', helm: { releaseName: 'my', namespace: 'shop-ns', ...parameters }, ...rest }
        : { type: 'kustomize', path: 'app', ...(build === undefined ? {} : { kustomize: build }) };
      return {
        name,
        folder,
        spec,
        ...(fails === undefined ? {} : { fails }),
        ...(file === undefined ? {} : { file }),
        ...(line === undefined ? {} : { line }),
      };
    }),
  );
}

/** A service on the module of the present sources; warnings are collected in `warnings`. */
export async function makeService(options: Partial<RenderServiceOptions> = {}): Promise<RenderService & { warnings?: string[] }> {
  const wasmFile = await buildWasm();
  const logger: Logger = options.logger ?? silentLogger;
  return new RenderService({ wasmFile, ...options, limits: { timeoutMs: patientMs, ...options.limits }, logger });
}

/** What the native program prints for a spec; rejects with what it says when it fails. */
export async function native(spec: SourceSpec, folder: string): Promise<string> {
  if (spec.type === 'kustomize') {
    const restrictor = spec.kustomize?.loadRestrictor === 'none' ? ['--load-restrictor', 'LoadRestrictionsNone'] : [];
    return kustomize(['build', ...restrictor, spec.path], { cwd: folder });
  }
  const { releaseName, namespace, valueFiles = [], values, includeCrds, skipTests } = spec.helm ?? { releaseName: 'r', namespace: 'n' };
  const args = ['template', releaseName, spec.path, '--namespace', namespace];
  for (const file of valueFiles) args.push('--values', join(spec.path, file));
  if (values !== undefined) args.push('--values', '-');
  if (includeCrds === true) args.push('--include-crds');
  if (skipTests === true) args.push('--skip-tests');
  if (spec.kubeVersion !== undefined) args.push('--kube-version', spec.kubeVersion);
  for (const version of spec.apiVersions ?? []) args.push('--api-versions', version);
  return helm(args, { cwd: folder, ...(values === undefined ? {} : { input: JSON.stringify(values) }) });
}

/** Objects of List kinds in their place. */
export function flat(value: JsonValue | undefined): readonly JsonObject[] {
  if (!isJsonObject(value)) return [];
  const items = value['items'];
  return typeof value['kind'] === 'string' && value['kind'].endsWith('List') && isJsonArray(items) ? items.flatMap(flat) : [value];
}
