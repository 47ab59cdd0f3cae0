import { silentLogger } from '../../../src/base/log.ts';
import { createClusterPool } from '../../../src/engine/cluster/pool.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { syncUser } from './syncSupport.ts';

/** What the process is told in its first argument, as JSON. */
export interface SyncProcessInput {
  readonly kubeconfig: string;
  readonly context: string;
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
  readonly isTakeOver?: boolean;
}

// One sync in a process of its own, so that a test can end it by SIGKILL. Prints the outcome.
const [text] = process.argv.slice(2);
if (text === undefined) throw new Error('no input');
const input = JSON.parse(text) as SyncProcessInput;
const pool = createClusterPool({
  host: { isTrusted: () => true, environment: () => process.env },
  log: silentLogger,
  files: () => ({ files: [input.kubeconfig], isExplicit: true }),
});
const { connection } = await pool.acquire(input.context);
await connection.ready();
const user = syncUser(connection, input.namespace);
const planning = await user.plan(input.objects, { prune: true }, input.isTakeOver === true ? 'take-over' : 'sync');
process.stdout.write((await user.execute(planning)).outcome);
pool.dispose();
