import { placeText } from '../../engine/model/application.ts';
import { parseKeyString } from '../../engine/model/objects.ts';
import type { ApplicationRow, ChildRow, FieldRow, ObjectRow } from '../../engine/model/snapshot.ts';
import { isRevertibleState } from '../../engine/model/states.ts';
import { ignoredFact } from './ignoredText.ts';
import { contextValue, dotted, escapeMarkdown } from './rowText.ts';
import type { RowText, WordsContext } from './rowText.ts';
import { healthLook, healthWords, stateLook, stateMeaning, stateWords } from './states.ts';
import { ago, clockTime } from './time.ts';

/** Whether the object is shown before the quiet ones. */
export function objectNeedsAttention(row: ObjectRow): boolean {
  return !['synced', 'pending', 'unverified', 'out of sync'].includes(row.state) || row.health?.status === 'degraded';
}

/** The row of an object of an application. */
export function objectText(row: ObjectRow, application: ApplicationRow | undefined, words: WordsContext): RowText {
  const { l10n } = words;
  const name = `${row.kind}/${row.name}`;
  const count = row.fields.length;
  const state = row.state === 'synced' ? undefined : stateWords(row.state, l10n);
  const fields = count === 0 ? undefined : count === 1 ? l10n.t('1 field') : l10n.t('{0} fields', count);
  const status = row.state === 'missing' ? undefined : row.health?.status;
  const health = status === undefined || status === 'healthy' ? undefined : healthWords(status, l10n);
  const otherNamespace = row.namespace !== '' && row.namespace !== application?.namespace ? row.namespace : undefined;
  return {
    label: name,
    description: dotted(otherNamespace, state, fields, health),
    tooltip: () => objectTooltip(row, words, application?.repoRoot),
    accessibility: [name, stateWords(row.state, l10n), fields, row.health === undefined ? undefined : healthWords(row.health.status, l10n)]
      .filter((part) => part !== undefined)
      .join(', '),
    look: stateLook(row.state),
    contextValue: contextValue('object', {
      live: row.isLive,
      drifted: count > 0 || row.state === 'missing',
      extraneous: row.state === 'extraneous',
      revertable: application?.owner === 'plumbline' && isRevertibleState(row.state),
      syncable: application?.owner === 'plumbline' && application.context !== undefined,
      source: row.source !== undefined,
      pod: row.kind === 'Pod' && row.group === '',
    }),
    ...(status === undefined ? {} : { health: status }),
  };
}

function objectTooltip(row: ObjectRow, words: WordsContext, repoRoot: string | undefined): string {
  const { l10n } = words;
  const ignored = ignoredFact(row, l10n, repoRoot);
  const lines = [
    `**${escapeMarkdown(`${row.kind}/${row.name}`)}** — ${escapeMarkdown(stateWords(row.state, l10n))}`,
    stateMeaning(row.state, l10n),
    ...(row.reason === undefined ? [] : [escapeMarkdown(words.reasonWords(row.reason))]),
    ...(row.forecast ?? []).map((reason) => escapeMarkdown(words.reasonWords(reason))),
    [
      ...(row.health === undefined
        ? []
        : [
            l10n.t(
              'Health: {0}',
              healthWords(row.health.status, l10n) + (row.health.message === undefined ? '' : `: ${row.health.message}`),
            ),
          ]),
      l10n.t('API version: {0}', row.group === '' ? row.version : `${row.group}/${row.version}`),
      ...(row.namespace === '' ? [] : [l10n.t('Namespace: {0}', row.namespace)]),
      ...(row.source === undefined ? [] : [l10n.t('Source: {0}', placeText(row.source))]),
      ...(row.mark === undefined ? [] : [l10n.t('Carries the marks of {0} ({1})', row.mark.owner, row.mark.name)]),
      ...(row.appliedWith === undefined ? [] : [l10n.t('Applied with {0}', row.appliedWith)]),
    ]
      .map((fact) => escapeMarkdown(fact))
      .concat(ignored ?? [])
      .map((fact) => `- ${fact}`)
      .join('\n'),
  ];
  return lines.join('\n\n');
}

/** What changed in a field: `spec.replicas: 2 → 5` as Git → live; what is long is cut where the two do not differ. */
export function fieldLabel(row: FieldRow, { l10n }: Pick<WordsContext, 'l10n'>): string {
  const path = shortPath(row.id);
  if (row.isMasked) {
    const what = { changed: l10n.t('changed'), added: l10n.t('added in the cluster'), removed: l10n.t('removed in the cluster') };
    return `${path}: ${what[row.change]}`;
  }
  const absent = '∅';
  if (row.git === undefined || row.live === undefined) return `${path}: ${row.git ?? absent} → ${row.live ?? absent}`;
  const shared = sharedStart(row.git, row.live);
  return shared === 0 ? `${path}: ${row.git} → ${row.live}` : `${path}: …${row.git.slice(shared)} → …${row.live.slice(shared)}`;
}

const longestPath = 30;
const longestValue = 20;

/** The last steps of a path that is too long for a row: `…containers[name=web].image`. */
function shortPath(id: string): string {
  if (id.length <= longestPath) return id;
  const steps = id.match(/\.?[^.[\]]+|\["(?:[^"\\]|\\.)*"\]|\[[^\]]*\]/g) ?? [id];
  let path = steps.at(-1) ?? id;
  for (const step of steps.slice(0, -1).reverse()) {
    if (path.length + step.length > longestPath) break;
    path = step + path;
  }
  return `…${path.replace(/^\./, '')}`;
}

/** How much of two long values is the same at their start, up to a separator: registries and folders of an image. */
function sharedStart(left: string, right: string): number {
  if (left.length <= longestValue && right.length <= longestValue) return 0;
  let end = 0;
  for (let index = 0; index < left.length && left[index] === right[index]; index += 1) {
    if (left[index] === '/' || left[index] === ':') end = index + 1;
  }
  return end;
}

/** Who changed a field and when: `kubectl-scale, 14:02`. */
function writerText(row: Pick<FieldRow, 'manager' | 'time'>, words: WordsContext): string {
  return [row.manager, clockTime(row.time, words.nowMs, words.locale)].filter((part) => part !== undefined).join(', ');
}

/** The row of a drifted field. */
export function fieldText(row: FieldRow, application: ApplicationRow | undefined, words: WordsContext): RowText {
  const { l10n } = words;
  const label = fieldLabel(row, words);
  const writer = writerText(row, words);
  const unconfirmed = row.isConfirmed ? undefined : l10n.t('not confirmed');
  const direction = row.direction === 'drifted' ? undefined : stateWords(row.direction, l10n);
  const value = (text: string | undefined): string => (row.isMasked ? l10n.t('(masked)') : (text ?? l10n.t('(not set)')));
  const facts = [
    l10n.t('Git: {0}', value(row.git)),
    ...(row.synced === undefined ? [] : [l10n.t('Last sync: {0}', value(row.synced))]),
    l10n.t('Live: {0}', value(row.live)),
    ...(writer === '' ? [] : [l10n.t('Changed by {0}', writer)]),
    ...(row.source === undefined ? [] : [l10n.t('Set at {0}', placeText(row.source))]),
  ];
  return {
    label,
    description: dotted(writer, direction, unconfirmed),
    tooltip: () =>
      [
        `**${escapeMarkdown(row.id)}** — ${stateWords(row.direction, l10n)}`,
        facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n'),
      ].join('\n\n'),
    accessibility: l10n.t(
      'field {0}, Git {1}, live {2}, {3}',
      row.id,
      value(row.git),
      value(row.live),
      [stateWords(row.direction, l10n), writer].filter((part) => part !== '').join(', '),
    ),
    look: fieldLook(row),
    contextValue: contextValue('field', {
      revertable: application?.owner === 'plumbline' && row.direction !== 'out of sync',
      source: row.source !== undefined,
    }),
  };
}

function fieldLook(row: FieldRow): RowText['look'] {
  if (row.change === 'added') return { icon: 'diff-added', color: 'plumbline.driftedForeground' };
  if (row.change === 'removed') return { icon: 'diff-removed', color: 'plumbline.missingForeground' };
  return { icon: 'diff-modified', color: stateLook(row.direction).color ?? 'plumbline.driftedForeground' };
}

/** The row of a live object below another by owner reference. */
export function childText(row: ChildRow, words: WordsContext): RowText {
  const { l10n } = words;
  const name = `${row.kind}/${row.name}`;
  const health = row.health === undefined ? undefined : healthWords(row.health.status, l10n);
  const isQuiet = row.health === undefined || row.health.status === 'healthy';
  const created = row.createdAt === undefined ? Number.NaN : Date.parse(row.createdAt);
  const age = Number.isNaN(created) ? undefined : ago(created, words.nowMs, l10n);
  const message = row.health?.message;
  const facts = [
    ...(health === undefined ? [] : [l10n.t('Health: {0}', health + (message === undefined ? '' : `: ${message}`))]),
    ...(age === undefined ? [] : [l10n.t('Created {0}', age)]),
    ...(row.containers.length === 0 ? [] : [l10n.t('Containers: {0}', row.containers.join(', '))]),
  ];
  const { group } = parseKeyString(row.key);
  return {
    label: name,
    description: dotted(isQuiet ? undefined : health, isQuiet ? undefined : message, age),
    tooltip: () => [`**${escapeMarkdown(name)}**`, facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n')].join('\n\n'),
    accessibility: [name, health, message].filter((part) => part !== undefined).join(', '),
    look: row.health === undefined ? { icon: 'symbol-misc' } : childLook(row),
    contextValue: contextValue('child', { live: true, pod: row.kind === 'Pod' && group === '' }),
    ...(row.health === undefined ? {} : { health: row.health.status }),
  };
}

function childLook(row: ChildRow): RowText['look'] {
  const look = healthLook(row.health?.status ?? 'unknown');
  const icon = row.health?.status === 'healthy' ? (row.kind === 'Pod' ? 'vm-running' : 'pass') : look.icon;
  return look.color === undefined ? { icon } : { icon, color: look.color };
}
