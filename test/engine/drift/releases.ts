import { parseAllDocuments } from 'yaml';
import { deployedReleaseSelector, newestDeployed } from '../../../src/engine/drift/helmRelease.ts';
import { arrayAt, isJsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import { isKubeObject, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { Fixture } from './fixture.ts';

/** The objects of a release's newest deployed revision from the cluster, as the engine reads them; none when there is no release. */
export async function releaseObjects(fixture: Fixture, namespace: string, release: string): Promise<readonly KubeObject[]> {
  const selector = encodeURIComponent(deployedReleaseSelector(release));
  const { body } = await fixture.admin.call('GET', `/api/v1/namespaces/${namespace}/secrets?labelSelector=${selector}`);
  const secrets = arrayAt(body, 'items').flatMap((item) => {
    const secret = isJsonObject(item) ? { apiVersion: 'v1', kind: 'Secret', ...item } : item;
    return isKubeObject(secret) ? [secret] : [];
  });
  return parseAllDocuments(newestDeployed(secrets)?.manifest ?? '').flatMap((document) => {
    const object = document.toJS() as JsonValue;
    return isKubeObject(object) ? [object] : [];
  });
}
