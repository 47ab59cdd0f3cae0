/** English words of the error codes of the room `engine/cluster`. Each says what failed, why, and the cure. */
export const clusterMessages: Readonly<Record<string, string>> = {};
