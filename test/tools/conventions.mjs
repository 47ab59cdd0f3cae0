// What neither compiler nor linter sees: the manifest agrees with the code, texts are complete, files are small, no path of one machine.
import { glob, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exists } from './cache.mjs';
import { ROOT } from './main.mjs';
import { run } from './processes.mjs';

const MAX_LINES = 400;
const TEXT = /\.(ts|mts|mjs|js|json|go|yaml|yml|md|svg|sh)$/;
/** Paths and hosts of somebody's machine; the home folders of real people, not those of examples in tests. */
const MACHINE = /(?<![\w.])\/(?:work|root|home\/(?!user\b|alice\b|me\b)\w+|Users\/\w+)\/[\w.-]+/;
const SKIPPED = /^(?:package-lock\.json|test\/(?:sample|fixtures)\/|test\/codeserver\/package-lock\.json)/;
/** Context keys of VS Code itself that our `when` clauses use; ours start with `plumbline.`. */
const CONTEXT_KEYS = new Set(
  `view viewItem isWorkspaceTrusted workspaceFolderCount resourceScheme resourceLangId resourceExtname resourceFilename resourcePath editorLangId editorFocus editorTextFocus
   listFocus listHasSelectionOrFocus listMultiSelection listDoubleSelection inputFocus focusedView isWeb isDevelopment isInDiffEditor scmProvider remoteName virtualWorkspace
   gitOpenRepositoryCount explorerResourceIsFolder editorReadonly activeEditor textCompareEditorActive treeFindOpen`.split(/\s+/),
);

async function read(path) {
  return readFile(join(ROOT, path), 'utf8');
}

/** Every problem as a line; none when all is well. */
export async function conventionProblems() {
  const tracked = (await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT }))
    .split('\n')
    .filter((path) => TEXT.test(path) && !SKIPPED.test(path));
  const texts = new Map();
  await Promise.all(tracked.map(async (path) => texts.set(path, await read(path).catch(() => ''))));
  const sources = [...texts].filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'));
  return [...[...texts].flatMap(([path, text]) => fileProblems(path, text)), ...(await manifestProblems(sources))];
}

function fileProblems(path, text) {
  const problems = [];
  const lines = text.split('\n');
  const isCode = /\.(ts|mjs|go)$/.test(path);
  if (isCode && /^(?:src|test)\//.test(path) && lines.length - 1 > MAX_LINES)
    problems.push(`${path}: ${lines.length - 1} lines, at most ${MAX_LINES}`);
  for (const [index, line] of lines.entries()) {
    const at = `${path}:${index + 1}`;
    const machine = MACHINE.exec(line);
    if (machine !== null && !/^test\/tools\/conventions\.mjs/.test(path)) problems.push(`${at}: a path of one machine: ${machine[0]}`);
    if (!isCode || path === 'test/tools/conventions.mjs') continue;
    if (/eslint-disable/.test(line) && !/ -- \S/.test(line)) problems.push(`${at}: a disabled rule needs its reason after ' -- '`);
    if (/@ts-(?:ignore|nocheck)/.test(line)) problems.push(`${at}: no silenced compiler errors`);
    if (/\b(?:TODO|FIXME|XXX|HACK)\b/.test(line)) problems.push(`${at}: no notes to self`);
  }
  return problems;
}

async function manifestProblems(sources) {
  const manifest = JSON.parse(await read('package.json'));
  const contributes = manifest.contributes ?? {};
  const code = sources.filter(([path]) => path.startsWith('src/extension/') || path.startsWith('src/server/'));
  if (code.length === 0) return [];
  return [
    ...commandProblems(contributes, code),
    ...whenProblems(contributes, code),
    ...settingProblems(contributes, sources),
    ...(await textProblems(manifest)),
    ...(await assetProblems(manifest)),
  ];
}

/** All string literals of the shape `plumbline.x.y` in sources. */
function idsIn(sources) {
  const ids = new Set();
  for (const [, text] of sources) for (const [, id] of text.matchAll(/['"`](plumbline[.:][\w.-]+)['"`]/g)) ids.add(id);
  return ids;
}

function commandProblems(contributes, code) {
  const declared = new Set((contributes.commands ?? []).map(({ command }) => command));
  const used = idsIn(code);
  const registered = new Set();
  for (const [, text] of code)
    for (const [, id] of text.matchAll(/registerCommand\(\s*['"`](plumbline\.[\w.-]+)['"`]/g)) registered.add(id);
  const inMenus = new Set(
    Object.values(contributes.menus ?? {})
      .flatMap((items) => items.map(({ command }) => command))
      .filter((id) => id?.startsWith('plumbline.')),
  );
  const views = JSON.stringify([contributes.viewsWelcome ?? [], contributes.walkthroughs ?? []]);
  const linked = new Set([...views.matchAll(/command:(plumbline\.[\w.-]+)/g)].map(([, id]) => id));
  const problems = [];
  for (const id of declared) if (!used.has(id)) problems.push(`package.json: command '${id}' is declared, but no code names it`);
  for (const id of registered)
    if (!declared.has(id) && !id.startsWith('plumbline.internal.'))
      problems.push(`command '${id}' is registered, but not declared (internal ones: plumbline.internal.…)`);
  for (const id of [...inMenus, ...linked])
    if (!declared.has(id)) problems.push(`package.json: '${id}' is used in a menu, keybinding, welcome or walkthrough, but not declared`);
  for (const { command, title, category } of contributes.commands ?? []) {
    if (title === undefined) problems.push(`package.json: command '${command}' has no title`);
    if (category === undefined) problems.push(`package.json: command '${command}' has no category`);
  }
  return problems;
}

function* clauses(value) {
  if (Array.isArray(value)) for (const item of value) yield* clauses(item);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if ((key === 'when' || key === 'enablement') && typeof item === 'string') yield item;
      else yield* clauses(item);
    }
  }
}

function whenProblems(contributes, code) {
  const used = idsIn(code);
  const views = new Set(Object.values(contributes.views ?? {}).flatMap((list) => list.map(({ id }) => id)));
  const settings = new Set(settingsOf(contributes).map(([id]) => id));
  const problems = [];
  for (const clause of clauses(contributes)) {
    const bare = clause
      .replace(/(?:=~|!~)\s*\/(?:\\.|[^/\\])+\/\w*/g, ' ')
      .replace(/(?:==|!=|<=|>=|<|>)\s*(?:'[^']*'|[\w.:/-]+)/g, ' ')
      .replace(/\bnot in\b|\bin\b/g, ' ');
    for (const [key] of bare.matchAll(/[A-Za-z_][\w.:-]*/g)) {
      if (['true', 'false'].includes(key) || CONTEXT_KEYS.has(key)) continue;
      const known = key.startsWith('config.')
        ? settings.has(key.slice('config.'.length)) || !key.startsWith('config.plumbline.')
        : /^plumbline[.:]/.test(key) && (used.has(key) || views.has(key));
      if (!known) problems.push(`package.json: unknown key '${key}' in when clause "${clause}"`);
    }
    for (const [, view] of clause.matchAll(/\bview\s*==\s*'?([\w.]+)/g))
      if (!views.has(view)) problems.push(`package.json: unknown view '${view}' in when clause "${clause}"`);
  }
  return problems;
}

function settingsOf(contributes) {
  return [contributes.configuration ?? []].flat().flatMap(({ properties }) => Object.entries(properties ?? {}));
}

function settingProblems(contributes, sources) {
  const words = sources.map(([, text]) => text).join('\n');
  return settingsOf(contributes).flatMap(([id, { description, markdownDescription }]) => {
    const name = id.slice('plumbline.'.length);
    return [
      ...(description === undefined && markdownDescription === undefined ? [`package.json: setting '${id}' has no description`] : []),
      ...(words.includes(name) || words.includes(name.split('.').at(-1)) ? [] : [`package.json: setting '${id}' is read nowhere`]),
    ];
  });
}

async function textProblems(manifest) {
  const used = new Set([...JSON.stringify(manifest).matchAll(/"%([\w.-]+)%"/g)].map(([, key]) => key));
  if (used.size === 0 && !(await exists(join(ROOT, 'package.nls.json')))) return [];
  const texts = JSON.parse(await read('package.nls.json').catch(() => '{}'));
  const problems = [
    ...[...used].filter((key) => texts[key] === undefined).map((key) => `package.nls.json: '${key}' is missing`),
    ...Object.keys(texts)
      .filter((key) => !used.has(key))
      .map((key) => `package.nls.json: '${key}' is not used`),
  ];
  const literal = [...(manifest.contributes?.commands ?? [])].filter(({ title }) => title !== undefined && !title.startsWith('%'));
  problems.push(...literal.map(({ command }) => `package.json: the title of '${command}' belongs into package.nls.json`));
  for await (const path of glob(join(ROOT, 'package.nls.*.json'))) {
    const other = JSON.parse(await readFile(path, 'utf8'));
    for (const key of Object.keys(texts)) if (other[key] === undefined) problems.push(`${relative(ROOT, path)}: '${key}' is missing`);
  }
  return problems;
}

async function assetProblems(manifest) {
  const paths = [
    ...JSON.stringify([manifest.icon ?? [], manifest.contributes ?? {}]).matchAll(
      /"(?:\.\/)?((?:media|syntaxes|schemas|walkthroughs)\/[^"]+)"/g,
    ),
  ].map(([, path]) => path);
  const problems = [];
  for (const path of new Set(paths)) if (!(await exists(join(ROOT, path)))) problems.push(`package.json: '${path}' does not exist`);
  return problems;
}
