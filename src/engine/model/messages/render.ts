/** English words of the error codes of the room `engine/render`. Each says what failed, why, and the cure. */
export const renderMessages: Readonly<Record<string, string>> = {};
