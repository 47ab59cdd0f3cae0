import { isJsonObject } from '../engine/model/json.ts';
import type { JsonValue } from '../engine/model/json.ts';
import {
  type CommitSettings,
  defaultCommitSettings,
  defaultSettings,
  type EngineSettings,
  type ForgeKind,
} from '../engine/model/settings.ts';
import type { InitializationOptions } from './messages.ts';

/**
 * Reads settings from an unchecked message; each unusable value falls back to {@link defaultSettings}.
 * @param raw what came over the wire
 */
export function toSettings(raw: unknown): EngineSettings {
  if (!isJsonObject(raw)) return defaultSettings;
  const flag = (name: keyof EngineSettings, fallback: boolean): boolean => {
    const value = raw[name];
    return typeof value === 'boolean' ? value : fallback;
  };
  const number = (name: keyof EngineSettings, fallback: number): number => {
    const value = raw[name];
    return typeof value === 'number' && value >= 0 ? value : fallback;
  };
  const texts = (name: keyof EngineSettings): readonly string[] => {
    const value = raw[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  };
  const gitPath = raw['gitPath'];
  return {
    isTrusted: flag('isTrusted', defaultSettings.isTrusted),
    kubeconfig: texts('kubeconfig'),
    controlPlanes: texts('controlPlanes'),
    gitPath: typeof gitPath === 'string' ? gitPath : null,
    fetchIntervalMinutes: number('fetchIntervalMinutes', defaultSettings.fetchIntervalMinutes),
    allowRemoteSources: flag('allowRemoteSources', defaultSettings.allowRemoteSources),
    renderTimeoutSeconds: number('renderTimeoutSeconds', defaultSettings.renderTimeoutSeconds),
    decorationsEnabled: flag('decorationsEnabled', defaultSettings.decorationsEnabled),
    codeLensEnabled: flag('codeLensEnabled', defaultSettings.codeLensEnabled),
    objectLensEnabled: flag('objectLensEnabled', defaultSettings.objectLensEnabled),
    chosenDestinations: toDestinations(raw['chosenDestinations']),
    commit: toCommitSettings(raw['commit']),
  };
}

/** Reads the `initializationOptions` of the language server from an unchecked message. */
export function toInitializationOptions(raw: unknown): InitializationOptions {
  const options = isJsonObject(raw) ? raw : {};
  const environment = options['environment'];
  return {
    settings: toSettings(options['settings']),
    storagePath: typeof options['storagePath'] === 'string' ? options['storagePath'] : '',
    environment: isJsonObject(environment)
      ? Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
      : {},
  };
}

function toDestinations(raw: JsonValue | undefined): EngineSettings['chosenDestinations'] {
  if (!isJsonObject(raw)) return {};
  const destinations: Record<string, { context: string; namespace: string }> = {};
  for (const [path, value] of Object.entries(raw)) {
    if (!isJsonObject(value)) continue;
    const { context, namespace } = value;
    if (typeof context === 'string' && typeof namespace === 'string') destinations[path] = { context, namespace };
  }
  return destinations;
}

const forgeKinds: readonly string[] = ['github', 'gitlab', 'bitbucket', 'gitea'] satisfies readonly ForgeKind[];

function toCommitSettings(raw: JsonValue | undefined): CommitSettings {
  if (!isJsonObject(raw)) return defaultCommitSettings;
  const { messageTemplate, protectedBranches, forges, signOff } = raw;
  const kinds = isJsonObject(forges) ? Object.entries(forges) : [];
  return {
    messageTemplate: typeof messageTemplate === 'string' ? messageTemplate : defaultCommitSettings.messageTemplate,
    protectedBranches: Array.isArray(protectedBranches)
      ? protectedBranches.filter((pattern): pattern is string => typeof pattern === 'string')
      : [],
    forges: Object.fromEntries(
      kinds
        .filter((entry): entry is [string, ForgeKind] => typeof entry[1] === 'string' && forgeKinds.includes(entry[1]))
        .map(([host, kind]) => [host.toLowerCase(), kind]),
    ),
    signOff: signOff === true,
  };
}
