import { type BackgroundRunner, delay } from '../base/async.ts';
import type { Logger } from '../base/log.ts';
import { describe } from './model/describe.ts';
import type { EngineSettings } from './model/settings.ts';
import type { Workspaces } from './sessions/workspaces.ts';

/** kstatus calls a Pod unschedulable 15 s after its creation: nothing else tells when that is */
const HEALTH_INTERVAL_MS = 5_000;

/** What {@link startRegularWork} works on. */
export interface RegularWork {
  readonly workspaces: Workspaces;
  /** asked each time, since settings change at run time */
  readonly settings: () => Pick<EngineSettings, 'isTrusted' | 'fetchIntervalMinutes'>;
  readonly background: BackgroundRunner;
  readonly log: Logger;
}

/** Does, until the runner ends, what nothing else asks for: upstreams are fetched, and what time alone may change is looked at. */
export function startRegularWork(work: RegularWork): void {
  work.background.run('fetch upstreams', (signal) => fetchRegularly(work, signal));
  work.background.run('look at health again', (signal) => lookRegularly(work, signal));
}

async function fetchRegularly({ workspaces, settings, log }: RegularWork, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(Math.max(settings().fetchIntervalMinutes, 1) * 60_000, signal);
    const { isTrusted, fetchIntervalMinutes } = settings();
    if (!isTrusted || fetchIntervalMinutes === 0) continue;
    for (const { repo } of workspaces.all()) {
      const reason = await repo.fetch(signal);
      if (reason !== undefined) log.debug(`[fetch] ${describe(reason.code, reason.details)}`);
    }
  }
}

async function lookRegularly({ workspaces }: RegularWork, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(HEALTH_INTERVAL_MS, signal);
    for (const session of workspaces.sessions()) session.timePassed();
  }
}
