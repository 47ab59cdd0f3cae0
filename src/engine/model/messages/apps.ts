/** English words of the error codes of the room `engine/apps`. Each says what failed, why, and the cure. */
export const appsMessages: Readonly<Record<string, string>> = {};
