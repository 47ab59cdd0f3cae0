import { describe } from '../engine/model/describe.ts';
import type { Reason } from '../engine/model/states.ts';
import { safeText } from './style.ts';

/** A reason with its code and its words, as reports in JSON have it. */
export interface ReportedReason {
  readonly code: string;
  readonly message: string;
}

/** A reason for a report in JSON. */
export function toReason({ code, details }: Reason): ReportedReason {
  return { code, message: describe(code, details) };
}

/** The field `reason` of a report in JSON; nothing where there is none. */
export function withReason(reason: Reason | undefined): { reason?: ReportedReason } {
  return reason === undefined ? {} : { reason: toReason(reason) };
}

/** The words of a reason for a terminal; empty where there is none. */
export function reasonText(reason: Reason | undefined): string {
  return reason === undefined ? '' : safeText(describe(reason.code, reason.details));
}
