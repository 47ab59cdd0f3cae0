import { raceWithSignal, withAnySignal } from '../base/async.ts';
import { isAppError } from '../base/errors.ts';
import type { EngineApi } from '../engine/engineApi.ts';
import { describe } from '../engine/model/describe.ts';
import type { LineMark } from '../engine/model/snapshot.ts';
import { commandTarget, isIgnorable } from './markTargets.ts';

/** What an ignore rule for a mark would do, as far as it was found out before the action is offered. */
export type IgnoreOffer =
  | {
      /** `plumbline.yaml`, `Application argocd/shop in owners/shop.yaml` */
      readonly place: string;
      /** other differences that it would hide as well */
      readonly others: number;
    }
  | { readonly refusal: string };

/** so many marks of the lines are looked at */
const mostMarks = 4;
/** the menu waits at most so long */
const patienceMs = 400;

/**
 * The effects of the ignore rules that could be offered for some marks; those that take too long are left out and told after the choice.
 * @param marks of the lines that are asked about
 */
export async function ignoreOffers(
  marks: readonly LineMark[],
  { ignoreEdits }: Pick<EngineApi, 'ignoreEdits'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<LineMark, IgnoreOffer>> {
  const offers = new Map<LineMark, IgnoreOffer>();
  const patience = AbortSignal.timeout(patienceMs);
  const look = async (mark: LineMark): Promise<void> => {
    try {
      const { refused, places, effects } = await withAnySignal([patience, signal], (either) =>
        raceWithSignal(ignoreEdits.plan({ targets: [commandTarget(mark)] }, either), either),
      );
      const [refusal] = refused;
      const [place] = places;
      if (refusal !== undefined) offers.set(mark, { refusal: describe(refusal.reason.code, refusal.reason.details) });
      else if (place !== undefined) {
        const text = place.rule === place.file ? place.rule : `${place.rule} in ${place.file}`;
        offers.set(mark, { place: text, others: effects.filter(({ isIntended }) => !isIntended).length });
      }
    } catch (error) {
      if (!patience.aborted && !signal.aborted && !isAppError(error)) throw error;
    }
  };
  await Promise.all(marks.filter(isIgnorable).slice(0, mostMarks).map(look));
  signal.throwIfAborted();
  return offers;
}
