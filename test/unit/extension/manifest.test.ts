import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { commandIds, viewIds } from '../../../src/extension/ids.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface MenuItem {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
}

interface Manifest {
  readonly icon: string;
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly category?: string; readonly icon?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly submenus: readonly { readonly id: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when?: string }[];
    readonly configuration: readonly { readonly properties: Readonly<Record<string, Setting>> }[];
    readonly colors: readonly { readonly id: string; readonly defaults: object }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly media: { readonly svg: string }; readonly completionEvents: readonly string[] }[];
    }[];
  };
}

interface Setting {
  readonly scope?: string;
  readonly order?: number;
  readonly default?: unknown;
  readonly markdownDescription?: string;
}

const text = readFileSync(join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(text) as Manifest;
const { contributes } = manifest;
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(join(folder, entry.name)) : [readFileSync(join(folder, entry.name), 'utf8')],
  );
}

const code = sources(join(root, 'src/extension')).join('\n');

test('the commands declared are the commands of the code, each with a category, an icon and a rule for the palette', () => {
  const declared = contributes.commands.map(({ command }) => command);
  assert.deepEqual([...declared].sort(), Object.values(commandIds).sort());
  assert.deepEqual(
    Object.keys(commandIds).filter((name) => !code.includes(`[commandIds.${name}]:`)),
    [],
  );
  assert.deepEqual(
    contributes.commands.filter(({ category, icon }) => category !== 'Plumbline' || icon === undefined),
    [],
  );
  const always = ['plumbline.showLog', 'plumbline.openSettings'];
  const ruled = contributes.menus['commandPalette']?.map(({ command }) => command) ?? [];
  assert.deepEqual([...declared].sort(), [...ruled, ...always].sort());
});

test('menus, welcome contents and walkthrough name what exists', () => {
  const commands = new Set(contributes.commands.map(({ command }) => command));
  const submenus = new Set(contributes.submenus.map(({ id }) => id));
  const unknown = Object.values(contributes.menus)
    .flat()
    .filter(({ command, submenu }) => (command === undefined ? !submenus.has(submenu ?? '') : !commands.has(command)));
  assert.deepEqual(unknown, []);
  const views: readonly string[] = Object.values(contributes.views)
    .flat()
    .map(({ id }) => id);
  assert.deepEqual(views.join(' '), Object.values(viewIds).join(' '));
  const linked = [
    ...Object.values(nls)
      .join('\n')
      .matchAll(/command:(plumbline\.[\w.]+)/g),
  ].map(([, id = '']) => id);
  assert.deepEqual(
    linked.filter((id) => !commands.has(id) && !views.includes(id.replace(/\.focus$/, ''))),
    [],
  );
  for (const step of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
    assert.match(readFileSync(join(root, step.media.svg), 'utf8'), /--vscode-/);
    assert.notEqual(step.completionEvents.length, 0);
  }
});

test('every when clause reads a context key that the code sets', () => {
  const keys = new Set([...text.matchAll(/plumbline:\w+(?=\s*(?:==|!=|&&|\)|"|$))/g)].map(([key]) => key));
  assert.deepEqual([...keys].sort(), [
    'plumbline:allFields',
    'plumbline:contexts',
    'plumbline:filtered',
    'plumbline:history',
    'plumbline:message',
    'plumbline:plan',
    'plumbline:state',
  ]);
});

test('every user string of the manifest is in package.nls.json, and nothing else', () => {
  const used = [...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(nls).sort());
});

test('settings: described, ordered, scoped; those that start programs are restricted in untrusted workspaces', () => {
  const settings = Object.entries(
    Object.assign({}, ...contributes.configuration.map(({ properties }) => properties)) as Record<string, Setting>,
  );
  assert.deepEqual(
    settings.filter(
      ([, one]) => one.scope === undefined || one.order === undefined || one.default === undefined || one.markdownDescription === undefined,
    ),
    [],
  );
  const machine = settings.filter(([, { scope }]) => scope?.startsWith('machine')).map(([key]) => key);
  assert.deepEqual(machine.sort(), [...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort());
  assert.deepEqual(
    settings.map(([key]) => key.slice('plumbline.'.length)).filter((key) => !code.includes(`'${key}'`)),
    [],
  );
});

test('colours stand for all four kinds of theme, and are those that the code uses', () => {
  assert.deepEqual(
    contributes.colors.filter(({ defaults }) => Object.keys(defaults).join() !== 'dark,light,highContrast,highContrastLight'),
    [],
  );
  const used = [...code.matchAll(/plumbline\.\w+Foreground/g)].map(([id]) => id);
  assert.deepEqual([...new Set(used)].sort(), contributes.colors.map(({ id }) => id).sort());
});
