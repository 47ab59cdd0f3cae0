/** The answer of kstatus for one object, in its own words. */
export interface KStatus {
  readonly status: 'Current' | 'InProgress' | 'Failed' | 'Terminating';
  readonly message?: string;
}

/** The answer for "nothing is left to wait for". */
export const current: KStatus = { status: 'Current' };

/** Not there yet, with what it waits for. */
export function inProgress(message: string): KStatus {
  return { status: 'InProgress', message };
}

/** Will not get there by itself, with the cause. */
export function failed(message: string): KStatus {
  return { status: 'Failed', message };
}
