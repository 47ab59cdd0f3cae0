import { type Disposable, toDisposable } from './lifecycle.ts';

/** Subscribes a listener; the result ends the subscription. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** A source of events for any number of listeners. Events tell of state; they do not drive control flow. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<{ readonly run: (value: T) => void }>();
  readonly #onListenerError: (error: unknown) => void;

  /**
   * @param onListenerError receives what a listener throws, so that one bad listener does not stop the others;
   * by default the error is rethrown in a microtask and so reaches the process's uncaught handler
   */
  constructor(onListenerError?: (error: unknown) => void) {
    this.#onListenerError =
      onListenerError ??
      ((error) => {
        queueMicrotask(() => {
          throw error;
        });
      });
  }

  /** The public side of this emitter. */
  readonly event: Event<T> = (listener) => {
    const entry = { run: listener };
    this.#listeners.add(entry);
    return toDisposable(() => this.#listeners.delete(entry));
  };

  /** Calls all listeners in the order of their subscription. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener.run(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
