import { coalesce, loggingRunner } from '../../base/async.ts';
import { ignoreAppErrors } from '../../base/errors.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { Discovery, WatchCache, WatchInterest } from './api.ts';

const REFRESH_MS = 1_000;

/** What is watched to learn of custom kinds: their CustomResourceDefinitions. */
export const definitionInterest: WatchInterest = {
  gvk: { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' },
  namespace: '',
  isChildOnly: true,
};

/** Whether a kind is that of {@link definitionInterest}. */
export function isDefinition({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === definitionInterest.gvk.group && kind === definitionInterest.gvk.kind;
}

/** Who learns of definitions. */
interface DefinitionFollowers {
  readonly watches: Pick<WatchCache, 'onDidChange' | 'isSynced'>;
  readonly discovery: Pick<Discovery, 'refresh'>;
  readonly schemas: { lookAgain(): void };
  readonly log: Logger;
}

/**
 * Has kinds and schemas read again when a CustomResourceDefinition comes, changes or goes; once, too, when the first list has ended, since
 * what was read before may be older than it.
 */
export function followDefinitions({ watches, discovery, schemas, log }: DefinitionFollowers): Disposable {
  const store = new DisposableStore();
  const background = store.add(loggingRunner(log));
  const readAgain = store.add(
    coalesce(REFRESH_MS, () => {
      schemas.lookAgain();
      // When it fails, the connection's state tells, and kinds that are not known are looked for again.
      background.run('discovery after a change of definitions', (signal) => discovery.refresh(signal).catch(ignoreAppErrors));
    }),
  );
  store.add(
    watches.onDidChange((changes) => {
      const { gvk, namespace } = definitionInterest;
      if (changes.some(({ key }) => isDefinition(key)) && watches.isSynced(gvk, namespace)) readAgain.request();
    }),
  );
  return store;
}
