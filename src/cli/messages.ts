import type { ErrorDetails } from '../base/errors.ts';
import { describe } from '../engine/model/describe.ts';

/** Words of the command line's own errors; those of the engine are made by `describe`. */
const templates: Readonly<Record<string, string>> = {
  'cli-unknown-command': "There is no command '{command}'. Commands: {commands}. See plumbline --help.",
  'cli-misspelt-command': "There is no command '{command}'. Did you mean '{near}'?",
  'cli-unknown-option': "There is no option '{option}'. See plumbline --help.",
  'cli-misspelt-option': "There is no option '{option}'. Did you mean '{near}'?",
  'cli-option-value': "Option {option} does not take '{value}'. Use one of: {allowed}.",
  'cli-option-needs-value': 'Option {option} needs a value: {option} {value}.',
  'cli-option-takes-none': 'Option {option} takes no value.',
  'cli-option-not-here': 'Option {option} means nothing to `plumbline {command}`; it belongs to: {commands}.',
  'cli-argument': "Unexpected argument '{argument}'. `plumbline {command}` takes options only; see plumbline {command} --help.",
  'cli-together': 'Options {option} and {other} cannot be given together.',
  'cli-needs': 'Option {option} is only for {other}.',
  'cli-field-needs-object': 'Option --field needs exactly one --object, whose fields it names.',
  'cli-no-context': 'No cluster is named: give --context NAME. Contexts: {contexts}.',
  'cli-unknown-app': "There is no application '{app}' in {repo}. Applications: {apps}.",
  'cli-misspelt-app': "There is no application '{app}' in {repo}. Did you mean '{near}'?",
  'cli-no-apps': 'No application to compare in {repo}. Declare one in plumbline.yaml, or give --path DIR and --context NAME.',
  'cli-no-destination': '{app} has no destination. Declare it in plumbline.yaml, or compare it by --path {path} --context NAME.',
  'cli-unknown-object': "There is no object '{object}' among those compared.",
  'cli-unknown-field': "{object} has no drifted field '{field}'. Drifted: {fields}.",
  'cli-revert-not-in-git':
    '{object} is not in Git, so there is nothing to bring back. `plumbline sync --prune` deletes what Git no longer has.',
  'cli-path-missing': "There is no folder '{path}'.",
  'cli-not-ticked': 'Nothing was written: {object} is not deleted or recreated by this plan. Deletable one by one: {known}.',
  'cli-terminal-needed': 'Nothing was written: give --yes to confirm without a terminal.',
  'cli-one-app': 'Roll back one application at a time: {apps}. Name it by --app ENVIRONMENT/NAME.',
  'cli-sync-needs-push':
    'Nothing was written: the target is {remote}/{branch}, so the commit has to be pushed before it is synced. Give --push too.',
  'cli-not-arrived': 'The target of {app} is not at the commit {commit} yet. Run `plumbline sync --app {app}` when it is.',
  'cli-protected': 'Nothing was written: environment {environment} is protected; type its name to confirm, or give --yes.',
};

/** One English sentence or two for an error code: what failed, why, and the cure. */
export function sentence(code: string, details: ErrorDetails = {}): string {
  const template = templates[code];
  if (template === undefined) return describe(code, details);
  return template.replaceAll(/\{(\w+)\}/g, (_place, name: string) => {
    const value = details[name];
    return typeof value === 'object' ? value.join(', ') : String(value ?? '?');
  });
}
