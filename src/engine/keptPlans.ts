import { AppError } from '../base/errors.ts';

/** of one kind; the oldest goes first */
const mostKept = 32;

/** Plans that were shown, with what carrying them out needs, until they are confirmed. */
export class KeptPlans<Kept> {
  readonly #plans = new Map<string, Kept>();

  /** Keeps a plan under its id. */
  keep(planId: string, plan: Kept): void {
    this.#plans.set(planId, plan);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > mostKept && oldest !== undefined) this.#plans.delete(oldest);
  }

  /** @throws AppError `unknown-plan` when it was carried out already or is too old */
  get(planId: string): Kept {
    const plan = this.#plans.get(planId);
    if (plan === undefined) throw new AppError('unknown-plan', { plan: planId });
    return plan;
  }

  /** {@link get} of a plan that is now carried out: it is not kept any longer. */
  take(planId: string): Kept {
    const plan = this.get(planId);
    this.#plans.delete(planId);
    return plan;
  }

  /** Forgets a plan that was carried out. */
  delete(planId: string): void {
    this.#plans.delete(planId);
  }
}
