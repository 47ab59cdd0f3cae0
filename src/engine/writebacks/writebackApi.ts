import type { IgnorePlan, IgnoreRequest, WritebackPlan, WritebackRequest } from '../model/writeback.ts';

/** What server and CLI ask to take live values into files. Nothing is written here: the caller applies the edits. */
export interface WritebackApi {
  /**
   * What taking live values into the working tree's files would change, proved by rendering every application that reads them.
   * @throws AppError `unknown-application`
   */
  plan(request: WritebackRequest, signal: AbortSignal): Promise<WritebackPlan>;
}

/** What server and CLI ask to make fields not count. Nothing is written here: the caller applies the edits. */
export interface IgnoreEditApi {
  /**
   * The smallest rules that leave fields out, in the dialect of their owner, with all that they would hide now.
   * @throws AppError `unknown-application`
   */
  plan(request: IgnoreRequest, signal: AbortSignal): Promise<IgnorePlan>;
}
