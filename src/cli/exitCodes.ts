/** What the exit status says; 0, 1 and "2 and up" mean what they mean for `kubectl diff`. */
export const exitCodes = {
  /** no difference; or done */
  same: 0,
  /** differences were found; or a revert was planned and not confirmed */
  differences: 1,
  /** wrong options, unknown application, no repository, broken plumbline.yaml */
  usage: 2,
  /** something could not be compared, rendered or proved, so "no difference" would be a guess */
  notCompared: 3,
  /** a revert was refused, whole or in part; what was refused was not written */
  refused: 4,
  /** a write failed, or its outcome is unknown */
  failed: 5,
  /** ended by Ctrl-C */
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
