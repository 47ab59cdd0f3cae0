import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from './controlPlane.ts';

/** What somebody may do, as an access review asks for it. */
export interface Right {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  /** absent: in all namespaces */
  readonly namespace?: string;
}

const patienceMs = 60_000;

/**
 * Waits until the API server allows all of it: it learns of roles and bindings by its own watch, some time after they are stored.
 * @throws Error after a minute
 */
export async function allowed(plane: Pick<ControlPlane, 'request'>, user: string, ...rights: readonly Right[]): Promise<void> {
  const endMs = Date.now() + patienceMs;
  for (const right of rights) {
    while (!(await isAllowed(plane, user, right))) {
      if (Date.now() > endMs) throw new Error(`'${user}' may not ${JSON.stringify(right)}`);
      await delay(20);
    }
  }
}

async function isAllowed(plane: Pick<ControlPlane, 'request'>, user: string, right: Right): Promise<boolean> {
  const kind = 'SelfSubjectAccessReview';
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes: right } };
  const answer = await plane.request('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', user, body });
  if (answer.status !== 201) return false;
  return (JSON.parse(answer.body) as { status?: { allowed?: boolean } }).status?.allowed === true;
}
