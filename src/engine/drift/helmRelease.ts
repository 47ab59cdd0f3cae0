import { gunzipSync } from 'node:zlib';
import { isJsonObject, type JsonValue, stringAt, valueAt } from '../model/json.ts';
import { keyOf, type KubeObject, labelsOf, type ObjectKey } from '../model/objects.ts';
import type { Baseline } from './judgement.ts';

/** One stored revision of a Helm release. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  /** 1, 2, ...: Helm's own count */
  readonly version: number;
  /** `deployed`, `superseded`, `failed`, `pending-upgrade`, ... */
  readonly status: string;
  /** the YAML documents as they were applied, without hooks; may hold Secrets: never log or store it */
  readonly manifest: string;
}

/** Type of the Secrets in which Helm stores releases. */
const RELEASE_SECRET_TYPE = 'helm.sh/release.v1';
const MAX_RELEASE_BYTES = 64 * 1024 * 1024;

/** The label selector of the deployed revision of a release; it lies in the release's namespace. */
export function deployedReleaseSelector(release: string): string {
  return `owner=helm,name=${release},status=deployed`;
}

/**
 * Reads a release Secret: `data.release` is base64 of base64 of gzipped JSON (helm pkg/storage/driver/util.go).
 * @returns undefined when it is none, or cannot be read
 */
export function decodeRelease(secret: KubeObject): HelmRelease | undefined {
  const encoded = stringAt(secret, 'data', 'release');
  if (secret['type'] !== RELEASE_SECRET_TYPE || encoded === undefined) return undefined;
  let release: JsonValue;
  try {
    const stored = Buffer.from(Buffer.from(encoded, 'base64').toString('latin1'), 'base64');
    // Releases of Helm 2's time were stored without compression.
    const isZipped = stored.subarray(0, 3).equals(Buffer.from([0x1f, 0x8b, 0x08]));
    const bytes = isZipped ? gunzipSync(stored, { maxOutputLength: MAX_RELEASE_BYTES }) : stored;
    release = JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    return undefined;
  }
  const version = valueAt(release, 'version');
  const name = stringAt(release, 'name');
  if (!isJsonObject(release) || name === undefined || typeof version !== 'number') return undefined;
  return {
    name,
    namespace: stringAt(release, 'namespace') ?? stringAt(secret.metadata, 'namespace') ?? '',
    version,
    status: stringAt(release, 'info', 'status') ?? labelsOf(secret)['status'] ?? '',
    manifest: stringAt(release, 'manifest') ?? '',
  };
}

/** The newest deployed revision among release Secrets, or undefined when none is readable. */
export function newestDeployed(secrets: readonly KubeObject[]): HelmRelease | undefined {
  let newest: HelmRelease | undefined;
  for (const secret of secrets) {
    const release = decodeRelease(secret);
    if (release?.status === 'deployed' && (newest === undefined || release.version > newest.version)) newest = release;
  }
  return newest;
}

/**
 * What a release applied of one object, as the baseline of its verdict.
 * @param objects the release's parsed manifest
 * @param namespace the release's, for objects that name none
 */
export function releaseBaseline(objects: readonly KubeObject[], key: ObjectKey, namespace: string): Baseline {
  const object = objects.find((candidate) => {
    const other = keyOf(candidate);
    const isSame = other.group === key.group && other.kind === key.kind && other.name === key.name;
    return isSame && (key.namespace === '' || (other.namespace === '' ? namespace : other.namespace) === key.namespace);
  });
  return object === undefined ? { kind: 'release' } : { kind: 'release', object };
}
