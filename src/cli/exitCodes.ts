/** What the exit status says; 0, 1 and "2 and up" mean what they mean for `kubectl diff`. */
export const exitCodes = {
  /** no difference, nothing to do; or all done */
  same: 0,
  /** differences were found; or something is to be done and was not confirmed */
  differences: 1,
  /** wrong options, unknown application, no repository, broken plumbline.yaml */
  usage: 2,
  /** something could not be compared, rendered or proved, so "no difference" would be a guess */
  notCompared: 3,
  /** refused, whole or in part; what was refused was not written, all else was */
  refused: 4,
  /** a write failed, or its outcome is unknown; of a sync: and nothing was applied */
  failed: 5,
  /**
   * a sync applied some objects and failed at others, or was ended in between: running it again finishes it; of a roll back: it is committed,
   * and not pushed or not synced
   */
  partlyApplied: 6,
  /** everything was applied, and not everything was healthy within --timeout */
  notHealthy: 7,
  /** ended by Ctrl-C */
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
