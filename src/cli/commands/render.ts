import { maskSecrets } from '../../engine/compare/mask.ts';
import type { Application } from '../../engine/model/application.ts';
import { describe } from '../../engine/model/describe.ts';
import { isComplete, type RenderedObject, renderReason, type RenderResult } from '../../engine/model/render.ts';
import type { SourceTree } from '../../engine/model/sourceTree.ts';
import { toYamlText } from '../../engine/editor/yamlText.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { matching } from '../selection.ts';
import { safeText } from '../style.ts';
import { createEngine, pathSource, treeOf, workingTree } from '../workspaceOf.ts';
import { openRepo } from './apps.ts';
import type { CommandContext } from './context.ts';
import type { Engine } from '../../engine/engine.ts';

/** Version of the JSON that `plumbline render --output json` prints. */
const renderApiVersion = 'plumbline.dev/render/v1';

interface Rendered {
  readonly application: Application;
  readonly result: RenderResult;
}

/** `plumbline render`: the objects of applications or of a path, as YAML documents or JSON. Contacts no cluster; Secrets are masked. */
export async function runRender(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint } = context;
  const engine = await createEngine(args, context);
  try {
    const rendered = await Promise.all(
      (await sources(engine, context)).map(async ({ application, tree }) => ({
        application,
        result: await engine.renderFrom(application, tree, context.signal),
      })),
    );
    output.out(args.output === 'json' ? `${JSON.stringify(toJson(rendered), undefined, 2)}\n` : toText(rendered));
    for (const { application, result } of rendered) {
      for (const error of result.errors) {
        const { code, details } = renderReason(error);
        output.err(`${paint('bad', safeText(`${application.source.path}: ${describe(code, details)}`))}\n`);
      }
    }
    return rendered.every(({ result }) => isComplete(result)) ? exitCodes.same : exitCodes.notCompared;
  } finally {
    engine.dispose();
  }
}

async function sources(engine: Engine, context: CommandContext): Promise<readonly { application: Application; tree: SourceTree }[]> {
  const { args, cwd, variables, signal } = context;
  if (args.path !== undefined) return [await pathSource(args.path, cwd, args.context, args.namespace ?? 'default')];
  await openRepo(engine, context);
  const rows = engine.applications();
  const chosen = args.apps.length === 0 ? rows : args.apps.flatMap((app) => matching(rows, app, args.repo));
  return Promise.all(
    chosen.flatMap((row) => {
      const application = engine.session(row.id)?.application;
      if (application === undefined) return [];
      return [treeOf(application.repoRoot, args.revision ?? workingTree, variables, signal).then((tree) => ({ application, tree }))];
    }),
  );
}

function sourceOf({ file, line, template }: RenderedObject): string | undefined {
  const place = template ?? file;
  return place === undefined ? undefined : `${place}${line === undefined ? '' : `:${line + 1}`}`;
}

function toText(rendered: readonly Rendered[]): string {
  return rendered
    .flatMap(({ result }) => result.objects)
    .map((each) => {
      const source = sourceOf(each);
      return `---\n${source === undefined ? '' : `# Source: ${safeText(source)}\n`}${toYamlText(maskSecrets(each.object))}`;
    })
    .join('');
}

function toJson(rendered: readonly Rendered[]): Record<string, unknown> {
  return {
    apiVersion: renderApiVersion,
    applications: rendered.map(({ application, result }) => ({
      id: application.id,
      objects: result.objects.map((each) => ({ source: sourceOf(each), object: maskSecrets(each.object) })),
      errors: result.errors,
      milliseconds: Math.round(result.elapsedMs),
    })),
  };
}
