import { AppError } from '../../base/errors.ts';
import type { FieldLines } from './fieldLines.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { FieldProvenance } from '../model/provenance.ts';
import type { ProvenanceApi } from './provenanceApi.ts';
import { specInputOf } from '../sources/specInputs.ts';
import { specOf } from '../sources/sourceRenderer.ts';
import type { Workspaces } from '../sessions/workspaces.ts';

/** Answers which lines set the fields of an application's objects. */
export class Provenances implements ProvenanceApi {
  readonly #workspaces: Workspaces;
  readonly #fields: FieldLines;

  constructor(workspaces: Workspaces, fields: FieldLines) {
    this.#workspaces = workspaces;
    this.#fields = fields;
  }

  async locateFields(
    applicationId: string,
    key: string,
    paths: readonly FieldPath[],
    signal: AbortSignal,
  ): Promise<readonly (FieldProvenance | undefined)[]> {
    const { session, workspace } = this.#workspaces.known(applicationId);
    const { render, tree } = session;
    const object = session.object(key)?.rendered;
    if (render === undefined || tree === undefined || object === undefined)
      throw new AppError('not-compared-yet', { application: session.application.name });
    const said = await specInputOf(session.application, session.connection, workspace.repo.workingTree);
    const source = { spec: specOf(session.application, session.connection), tree, render, said };
    return this.#fields.lines.locate(
      source,
      paths.map((path) => ({ object, path })),
      signal,
    );
  }
}
