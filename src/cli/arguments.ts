import { parseArgs } from 'node:util';
import { AppError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { RollbackMethod } from '../engine/model/rollback.ts';

/** The commands of `plumbline`. */
export const commandNames = ['apps', 'render', 'diff', 'ignored', 'plan', 'sync', 'history', 'rollback', 'revert'] as const;
/** See {@link commandNames}. */
export type CommandName = (typeof commandNames)[number];

/** One option of the command line; `value` names its argument in the help. */
export interface OptionInfo {
  readonly name: string;
  readonly value?: string;
  readonly isRepeatable?: boolean;
  readonly help: string;
  /** absent: every command */
  readonly commands?: readonly CommandName[];
}

/** All options, in the order of the help. */
export const optionInfos: readonly OptionInfo[] = [
  { name: 'app', value: 'NAME', isRepeatable: true, help: 'only this application, by name or ENVIRONMENT/NAME; repeatable' },
  {
    name: 'path',
    value: 'DIR',
    help: 'a folder, chart or kustomization as it is on disk; needs no plumbline.yaml',
    commands: ['render', 'diff'],
  },
  {
    name: 'revision',
    value: 'REV',
    help: 'a commit, branch, tag, or `worktree` (default of diff: the upstream branch; of render: worktree)',
    commands: ['render', 'diff'],
  },
  {
    name: 'object',
    value: 'KIND/NAME',
    isRepeatable: true,
    help: 'only this object; repeatable',
    commands: ['diff', 'ignored', 'plan', 'sync', 'revert'],
  },
  { name: 'field', value: 'PATH', isRepeatable: true, help: 'only this field of the one --object; repeatable', commands: ['revert'] },
  { name: 'repo', value: 'DIR', help: 'the config repo (default: the current folder)' },
  { name: 'context', value: 'NAME', help: 'only applications of this kubeconfig context; where none has it, this instead of theirs' },
  { name: 'namespace', value: 'NS', help: 'namespace for objects of --path that name none', commands: ['render', 'diff'] },
  {
    name: 'kubeconfig',
    value: 'FILE',
    help: 'kubeconfig file (default: $KUBECONFIG, else ~/.kube/config)',
    commands: ['diff', 'ignored', 'plan', 'sync', 'history', 'rollback', 'revert'],
  },
  { name: 'output', value: 'FORMAT', help: 'text (default) or json' },
  {
    name: 'take-over',
    help: 'apply nothing: move the ownership of objects that kubectl or Helm applied to Plumbline',
    commands: ['plan', 'sync'],
  },
  {
    name: 'working-tree',
    help: 'apply the files as they are on disk, where plumbline.yaml says `allowDirty: true` of the environment; prunes nothing',
    commands: ['plan', 'sync'],
  },
  {
    name: 'prune',
    help: 'delete what Git no longer has, where the policy of the application allows it',
    commands: ['plan', 'sync', 'rollback'],
  },
  {
    name: 'allow',
    value: 'KIND/NAME',
    isRepeatable: true,
    help: 'delete or recreate this object, of a kind that is asked for one by one; repeatable',
    commands: ['sync', 'rollback'],
  },
  { name: 'to', value: 'REV', help: 'the commit to go back to; without it the commits to choose from are listed', commands: ['rollback'] },
  {
    name: 'method',
    value: 'METHOD',
    help: 'restore (default): the files as REV has them; revert: the commits since REV taken back',
    commands: ['rollback'],
  },
  { name: 'mainline', value: 'N', help: 'of reverted merges, the parent whose side stays, from 1', commands: ['rollback'] },
  {
    name: 'new-branch',
    value: 'NAME',
    help: 'commit to this new branch, for a pull request; the checkout stays as it is',
    commands: ['rollback'],
  },
  { name: 'push', help: 'push the commit', commands: ['rollback'] },
  { name: 'sync', help: 'then sync the application, after its own confirmation', commands: ['rollback'] },
  { name: 'wait', help: 'wait until everything applied is healthy', commands: ['sync', 'rollback'] },
  { name: 'timeout', value: 'SECONDS', help: 'how long --wait waits (default: 300)', commands: ['sync', 'rollback'] },
  { name: 'yes', help: 'do not ask before writing', commands: ['sync', 'rollback', 'revert'] },
  { name: 'no-color', help: 'no colours (also: $NO_COLOR)' },
  { name: 'help', help: 'show this help' },
  { name: 'version', help: 'show the version' },
];

/** What only `plumbline rollback` takes. */
export interface RollbackArguments {
  /** undefined: list the commits to choose from */
  readonly to?: string;
  readonly method: RollbackMethod;
  readonly mainline?: number;
  readonly newBranch?: string;
  readonly pushes: boolean;
  readonly syncs: boolean;
}

/** A parsed command line. */
export interface Arguments {
  readonly command: CommandName | 'help' | 'version';
  /** the command that help was asked for */
  readonly about?: CommandName;
  readonly apps: readonly string[];
  readonly objects: readonly string[];
  readonly fields: readonly string[];
  /** objects whose deletion or recreation is allowed one by one, as `Kind/name` */
  readonly allowed: readonly string[];
  readonly prunes: boolean;
  readonly takesOver: boolean;
  /** the files on disk are applied instead of target */
  readonly appliesWorkingTree: boolean;
  readonly waits: boolean;
  readonly timeoutSeconds: number;
  readonly path?: string;
  readonly revision?: string;
  readonly repo: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly output: 'text' | 'json';
  readonly isConfirmed: boolean;
  readonly noColor: boolean;
  readonly rollback?: RollbackArguments;
}

const defaultTimeoutSeconds = 300;
const onlyWithTo: readonly string[] = ['method', 'new-branch', 'push', 'sync', 'yes'];

const shortNames: Readonly<Record<string, string>> = { n: 'namespace', o: 'output', h: 'help', y: 'yes', r: 'revision' };

/**
 * Reads a command line.
 * @param argv without the program
 * @param cwd the default of `--repo`
 * @throws AppError `cli-unknown-command`, `cli-unknown-option`, `cli-option-value`, `cli-option-needs-value`, `cli-option-takes-none`,
 * `cli-option-not-here`, `cli-argument`, `cli-together`
 */
export function parseArguments(argv: readonly string[], cwd: string): Arguments {
  const values = new Map<string, string[]>();
  const words: string[] = [];
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(optionInfos.map(({ name, value }) => [name, optionConfig(name, value)])),
  });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const info = optionInfos.find((option) => option.name === token.name);
    if (info === undefined) throw unknownOption(token.rawName, token.name);
    if (info.value === undefined) {
      if (token.value !== undefined) throw new AppError('cli-option-takes-none', { option: token.rawName });
      values.set(info.name, ['']);
      continue;
    }
    if (token.value === undefined || (token.value.startsWith('-') && !token.inlineValue)) {
      throw new AppError('cli-option-needs-value', { option: token.rawName, value: info.value });
    }
    values.set(info.name, info.isRepeatable === true ? [...(values.get(info.name) ?? []), token.value] : [token.value]);
  }
  return toArguments(words, values, cwd);
}

function optionConfig(name: string, value: string | undefined): { type: 'string' | 'boolean'; short?: string } {
  const short = Object.entries(shortNames).find(([, long]) => long === name)?.[0];
  return { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) };
}

function unknownOption(rawName: string, name: string): AppError {
  const near = nearest(
    name,
    optionInfos.map((option) => option.name),
  );
  return new AppError(near === undefined ? 'cli-unknown-option' : 'cli-misspelt-option', { option: rawName, near: `--${near ?? ''}` });
}

function toArguments(words: readonly string[], values: ReadonlyMap<string, readonly string[]>, cwd: string): Arguments {
  const [word, ...rest] = words;
  const common = {
    apps: values.get('app') ?? [],
    objects: values.get('object') ?? [],
    fields: values.get('field') ?? [],
    allowed: values.get('allow') ?? [],
    prunes: values.has('prune'),
    takesOver: values.has('take-over'),
    appliesWorkingTree: values.has('working-tree'),
    waits: values.has('wait'),
    timeoutSeconds: seconds(values.get('timeout')?.[0]),
    repo: values.get('repo')?.[0] ?? cwd,
    output: outputFormat(values.get('output')?.[0]),
    isConfirmed: values.has('yes'),
    noColor: values.has('no-color'),
  };
  if (values.has('version') || word === 'version') return { ...common, command: 'version' };
  const asked = word === 'help' ? rest[0] : word;
  if (values.has('help') || word === 'help' || word === undefined) {
    const about = commandNames.find((name) => name === asked);
    return { ...common, command: 'help', ...(about === undefined ? {} : { about }) };
  }
  const command = commandNames.find((name) => name === word);
  if (command === undefined) {
    const near = nearest(word, commandNames);
    throw new AppError(near === undefined ? 'cli-unknown-command' : 'cli-misspelt-command', {
      command: word,
      near,
      commands: commandNames,
    });
  }
  if (rest[0] !== undefined) throw new AppError('cli-argument', { argument: rest[0], command });
  checkOptions(command, values);
  return { ...common, command, ...single(values), ...(command === 'rollback' ? { rollback: rollbackArguments(values) } : {}) };
}

function single(
  values: ReadonlyMap<string, readonly string[]>,
): Pick<Arguments, 'path' | 'revision' | 'context' | 'namespace' | 'kubeconfig'> {
  const names = ['path', 'revision', 'context', 'namespace', 'kubeconfig'] as const;
  return Object.fromEntries(names.flatMap((name) => (values.get(name)?.[0] === undefined ? [] : [[name, values.get(name)?.[0]]])));
}

function rollbackArguments(values: ReadonlyMap<string, readonly string[]>): RollbackArguments {
  const [to, method = 'restore', mainline, newBranch] = (['to', 'method', 'mainline', 'new-branch'] as const).map(
    (name) => values.get(name)?.[0],
  );
  if (method !== 'restore' && method !== 'revert')
    throw new AppError('cli-option-value', { option: '--method', value: method, allowed: ['restore', 'revert'] });
  if (mainline !== undefined && !/^[1-9]\d?$/.test(mainline))
    throw new AppError('cli-option-value', { option: '--mainline', value: mainline, allowed: ['the number of a parent, from 1 on'] });
  if (mainline !== undefined && method !== 'revert') throw new AppError('cli-needs', { option: '--mainline', other: '--method revert' });
  if (values.has('sync') && newBranch !== undefined) throw new AppError('cli-together', { option: '--sync', other: '--new-branch' });
  for (const option of ['wait', 'prune', 'allow'])
    if (values.has(option) && !values.has('sync')) throw new AppError('cli-needs', { option: `--${option}`, other: '--sync' });
  for (const option of values.keys())
    if (to === undefined && onlyWithTo.includes(option)) throw new AppError('cli-needs', { option: `--${option}`, other: '--to' });
  return {
    method,
    ...(to === undefined ? {} : { to }),
    ...(mainline === undefined ? {} : { mainline: Number(mainline) }),
    ...(newBranch === undefined ? {} : { newBranch }),
    pushes: values.has('push'),
    syncs: values.has('sync'),
  };
}

function outputFormat(value: string | undefined): 'text' | 'json' {
  if (value === undefined || value === 'text') return 'text';
  if (value === 'json') return 'json';
  throw new AppError('cli-option-value', { option: '--output', value, allowed: ['text', 'json'] });
}

function seconds(value: string | undefined): number {
  if (value === undefined) return defaultTimeoutSeconds;
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new AppError('cli-option-value', { option: '--timeout', value, allowed: ['whole seconds from 1 on'] });
}

function checkOptions(command: CommandName, values: ReadonlyMap<string, readonly string[]>): void {
  for (const name of values.keys()) {
    const { commands } = optionInfos.find((option) => option.name === name) ?? {};
    if (commands !== undefined && !commands.includes(command))
      throw new AppError('cli-option-not-here', { option: `--${name}`, command, commands });
  }
  if (values.has('path') && values.has('app')) throw new AppError('cli-together', { option: '--path', other: '--app' });
  if (values.has('path') && values.has('revision')) throw new AppError('cli-together', { option: '--path', other: '--revision' });
  if (values.has('timeout') && !values.has('wait')) throw new AppError('cli-needs', { option: '--timeout', other: '--wait' });
  for (const other of ['prune', 'take-over']) {
    if (values.has('working-tree') && values.has(other))
      throw new AppError('cli-together', { option: '--working-tree', other: `--${other}` });
  }
  for (const other of ['prune', 'wait']) {
    if (values.has('take-over') && values.has(other)) throw new AppError('cli-together', { option: '--take-over', other: `--${other}` });
  }
  if (values.has('field') && values.get('object')?.length !== 1) throw new AppError('cli-field-needs-object');
  if (values.has('namespace') && !values.has('path')) throw new AppError('cli-needs', { option: '--namespace', other: '--path' });
}
