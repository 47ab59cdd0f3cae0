/**
 * Arguments of Node for the engine's process: a young generation of 3 × 8 MB instead of 3 × 16 or 32. Most of what a check allocates is
 * garbage at once, so the larger one saves next to no time, but doubles what the process holds afterwards.
 */
export const engineArguments: readonly string[] = ['--max-semi-space-size=8'];
