import type { FileRange } from '../model/application.ts';
import type { FieldDifference } from '../model/states.ts';

/** Where a rendered object comes from: the file and which document of it (0-based, empty documents not counted by the renderer either). */
export interface ObjectOrigin {
  /** relative to the repo root, with `/` */
  readonly file: string;
  readonly documentIndex?: number;
  /** `directory`: the document is the object; `kustomize`: later steps may have changed it; `helm`: a template */
  readonly kind: 'directory' | 'kustomize' | 'helm';
}

/** A line for a difference. `isExact`: it sets the field (or is the parent's key of an added one); otherwise the object's header line. */
export interface Location {
  readonly range: FileRange;
  readonly isExact: boolean;
}

export declare class Locator {
  /** @param maxEntries parsed texts kept, least recently used first out */
  constructor(maxEntries?: number);
  /** Header line of an object; undefined when the file is not readable as YAML. `text` is the file's text on the side that was rendered. */
  locateObject(
    origin: ObjectOrigin,
    text: string,
    contentHash: string,
    object: { apiVersion: string; kind: string; name: string; namespace: string },
  ): Location | undefined;
  locateField(
    origin: ObjectOrigin,
    text: string,
    contentHash: string,
    object: { apiVersion: string; kind: string; name: string; namespace: string },
    field: Pick<FieldDifference, 'path' | 'change' | 'git'>,
  ): Location | undefined;
}
