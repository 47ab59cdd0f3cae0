/** English words of the error codes of the room `engine/git`. Each says what failed, why, and the cure. */
export const gitMessages: Readonly<Record<string, string>> = {};
