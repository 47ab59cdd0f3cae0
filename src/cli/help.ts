import { type CommandName, commandNames, optionInfos } from './arguments.ts';

const summaries: Readonly<Record<CommandName, string>> = {
  apps: 'list the applications of the repo',
  render: 'print what an application, or a folder, renders to (Secrets masked)',
  diff: 'compare Git with the cluster, field by field',
  ignored: 'list the fields that a comparison leaves out, by which rule and why',
  plan: 'show what a sync would do, object by object',
  sync: 'apply the target commit, after a confirmation',
  history: 'list the recorded syncs of an application',
  rollback: 'go back to an earlier commit of an application, as a commit',
  revert: 'bring drifted fields back to what Git says, after a confirmation',
};

const examples: Readonly<Record<CommandName, readonly string[]>> = {
  apps: ['plumbline apps', 'plumbline apps --output json'],
  render: ['plumbline render --app shop', 'plumbline render --path charts/shop'],
  diff: [
    'plumbline diff',
    'plumbline diff --app prod/shop --output json',
    'plumbline diff --path deploy/overlays/prod --context prod-eu --namespace shop',
  ],
  plan: ['plumbline plan --app prod/shop', 'plumbline plan --app shop --prune --output json'],
  ignored: ['plumbline ignored --app prod/shop', 'plumbline ignored --object Deployment/web --output json'],
  sync: [
    'plumbline sync --app prod/shop',
    'plumbline sync --app shop --object Deployment/web --yes',
    'plumbline sync --app shop --prune --yes --wait --timeout 600',
    'plumbline sync --app shop --take-over',
    'plumbline sync --app dev/shop --working-tree',
  ],
  history: ['plumbline history --app prod/shop', 'plumbline history --output json'],
  rollback: [
    'plumbline rollback --app prod/shop',
    'plumbline rollback --app prod/shop --to 4f2c1d0 --push --sync --wait',
    'plumbline rollback --app shop --to v1.4 --method revert --new-branch undo-sale --push --yes',
  ],
  revert: ['plumbline revert --app prod/shop', 'plumbline revert --app shop --object Deployment/web --field spec.replicas --yes'],
};

const exitTable = `Exit status:
  0    no difference, nothing to do; or all done
  1    differences found; or something is to be done and was not confirmed
  2    wrong options, unknown application, no repository, broken plumbline.yaml
  3    something could not be compared, rendered or proved
  4    refused, whole or in part; all else was done
  5    a write failed; of a sync: and nothing was applied
  6    done in part: a sync that failed or was ended (run it again), or a roll back that is committed and not pushed or not synced
  7    a sync was applied, and is not healthy within --timeout
  130  interrupted`;

/** The text of `--help`, for one command or the program. */
export function helpText(about?: CommandName): string {
  const usage = about === undefined ? 'plumbline COMMAND [OPTION]...' : `plumbline ${about} [OPTION]...`;
  const title =
    about === undefined ? 'Plumbline compares a config repo with the Kubernetes clusters that it describes.' : capital(summaries[about]);
  const commands = commandNames.map((name) => `  ${name.padEnd(10)}${summaries[name]}`).join('\n');
  const shown = optionInfos.filter(({ commands: only }) => about === undefined || (only ?? commandNames).includes(about));
  const options = shown
    .map(({ name, value, help }) => `  ${`--${name}${value === undefined ? '' : ` ${value}`}`.padEnd(22)}${help}`)
    .join('\n');
  const sample = (about === undefined ? commandNames.flatMap((name) => examples[name].slice(0, 1)) : examples[about]).map(
    (line) => `  ${line}`,
  );
  return [
    `${title}\n\nUsage: ${usage}`,
    ...(about === undefined ? [`Commands:\n${commands}`] : []),
    `Options:\n${options}`,
    `Examples:\n${sample.join('\n')}`,
    exitTable,
  ].join('\n\n');
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
