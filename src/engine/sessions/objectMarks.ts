import type { Application } from '../model/application.ts';
import type { LineMark } from '../model/snapshot.ts';
import { marksOf } from './rows.ts';
import type { TrackedObject } from './trackedObject.ts';

/** The marks of an application, kept by object: a change of one object costs the work of one. */
export class ObjectMarks {
  readonly #byObject = new Map<string, readonly LineMark[]>();

  /** In the order in which their objects were first marked. */
  get all(): readonly LineMark[] {
    return [...this.#byObject.values()].flat();
  }

  /** Makes the marks of all objects anew. @param objects by `keyString` @returns them */
  replace(application: Application, objects: ReadonlyMap<string, TrackedObject>): readonly LineMark[] {
    this.#byObject.clear();
    for (const [key, object] of objects) this.#set(key, marksOf(application, object));
    return this.all;
  }

  /** Makes those of some objects anew. @param keys `keyString`s @returns the files in which marks came, went or changed */
  update(application: Application, objects: ReadonlyMap<string, TrackedObject>, keys: readonly string[]): ReadonlySet<string> {
    const files = new Set<string>();
    for (const key of keys) {
      const object = objects.get(key);
      const [before, after] = [this.#byObject.get(key) ?? [], object === undefined ? [] : marksOf(application, object)];
      for (const { range } of [...before, ...after]) files.add(range.file);
      this.#set(key, after);
    }
    return files;
  }

  #set(key: string, marks: readonly LineMark[]): void {
    if (marks.length === 0) this.#byObject.delete(key);
    else this.#byObject.set(key, marks);
  }
}
