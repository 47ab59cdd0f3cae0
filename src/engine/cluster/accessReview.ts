import { raceWithSignal } from '../../base/async.ts';
import { valueAt } from '../model/json.ts';
import type { AccessQuestion } from './api.ts';
import type { Transport } from './transport.ts';

const LIFETIME_MS = 60_000;

/** SelfSubjectAccessReview with its answers kept for a minute. */
export class AccessReviews {
  readonly #transport: Transport;
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly untilMs: number; readonly answer: Promise<boolean> }>();

  constructor(transport: Transport, now: () => number = Date.now) {
    this.#transport = transport;
    this.#now = now;
  }

  /** Whether the user may; equal questions asked meanwhile share one request. */
  async canI(question: AccessQuestion, signal: AbortSignal): Promise<boolean> {
    const { verb, group, resource, namespace, subresource = '', name = '' } = question;
    const key = JSON.stringify([verb, group, resource, namespace, subresource, name]);
    const known = this.#answers.get(key);
    if (known !== undefined && this.#now() < known.untilMs) return raceWithSignal(known.answer, signal);
    const answer = this.#ask({ verb, group, resource, namespace, subresource, name });
    this.#answers.set(key, { untilMs: this.#now() + LIFETIME_MS, answer });
    answer.catch(() => this.#answers.delete(key));
    return raceWithSignal(answer, signal);
  }

  /** Forgets all answers: another user or cluster. */
  clear(): void {
    this.#answers.clear();
  }

  async #ask(resourceAttributes: Readonly<Record<string, string>>): Promise<boolean> {
    const { json } = await this.#transport.send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
      subject: { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews', namespace: '' },
      // Shared by all who ask: one caller's end must not take the answer from the others.
      signal: new AbortController().signal,
    });
    return valueAt(json, 'status', 'allowed') === true;
  }
}
