/** Where a command writes. */
export interface Output {
  /** results */
  out(text: string): void;
  /** errors and progress */
  err(text: string): void;
}

/** Waits until what was written to standard output is with its reader; a reader that went away (`| head`) is not an error. */
export async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
