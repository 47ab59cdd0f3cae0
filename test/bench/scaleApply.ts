import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { ControlPlane } from '../tools/controlPlane.ts';
import { established } from '../tools/definitions.ts';
import { type Manifest, namespaceOf, objectsOf, scale, scaleDefinitions } from './scaleSet.ts';

const AT_ONCE = 16;

/** Applies the set as `kubectl apply --server-side` does, sixteen objects at a time over connections that stay open. */
export async function applyScale(plane: ControlPlane, note: (text: string) => void): Promise<void> {
  await plane.apply(scaleDefinitions());
  await established(plane);
  await plane.apply(
    Array.from({ length: scale.namespaces }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespaceOf(index) },
    })),
  );
  const waiting = Array.from({ length: scale.applications }, (_, index) => index).flatMap((index) => objectsOf(index));
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: await readFile(plane.caPath) });
  const send = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await applyOne(plane, next, agent);
      if (waiting.length % 2000 === 0 && waiting.length > 0) note(`${scale.objects - waiting.length} of ${scale.objects} objects applied`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, () => send()));
  } finally {
    agent.destroy();
  }
}

async function applyOne(plane: ControlPlane, object: Manifest, agent: Agent): Promise<void> {
  const apiVersion = String(object['apiVersion']);
  const kind = String(object['kind']);
  const { name, namespace } = object['metadata'] as { name: string; namespace: string };
  const plural = (kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`).toLowerCase();
  const root = apiVersion.includes('/') ? 'apis' : 'api';
  const url = `${plane.serverUrl}/${root}/${apiVersion}/namespaces/${namespace}/${plural}/${name}?fieldManager=kubectl&force=true`;
  const headers = { authorization: `Bearer ${plane.token('admin')}`, 'content-type': 'application/apply-patch+yaml' };
  await new Promise<void>((resolve, reject) => {
    const call = request(url, { method: 'PATCH', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        if ((response.statusCode ?? 0) < 300) resolve();
        else reject(new Error(`${kind} ${name}: ${Buffer.concat(chunks).toString('utf8')}`));
      });
    });
    call.once('error', reject);
    call.end(JSON.stringify(object));
  });
}
