/** English words of the error codes of the room `engine/sync`. Each says what failed, why, and the cure. */
export const syncMessages: Readonly<Record<string, string>> = {};
