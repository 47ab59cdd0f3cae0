import type { Application } from './application.ts';
import { displayName, keyString, type ObjectKey } from './objects.ts';

/** Which object, of which application in which cluster, a line of a file is about. */
export interface LineSubject {
  readonly applicationId: string;
  readonly applicationName: string;
  readonly environment?: string;
  readonly context: string;
  /** `Deployment/web` */
  readonly object: string;
  /** `keyString` */
  readonly objectKey: string;
}

/** An object of an application as the subject of lines; undefined without a destination. */
export function lineSubjectOf({ id, name, destination }: Application, key: ObjectKey): LineSubject | undefined {
  if (destination === undefined) return undefined;
  const { environment, context } = destination;
  return {
    applicationId: id,
    applicationName: name,
    ...(environment === undefined ? {} : { environment }),
    context,
    object: displayName(key),
    objectKey: keyString(key),
  };
}
