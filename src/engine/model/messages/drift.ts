/** English words of the error codes of the room `engine/drift`. Each says what failed, why, and the cure. */
export const driftMessages: Readonly<Record<string, string>> = {};
