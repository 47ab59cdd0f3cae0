import { appsMessages } from './messages/apps.ts';
import { clusterMessages } from './messages/cluster.ts';
import { commitMessages } from './messages/commit.ts';
import { driftMessages } from './messages/drift.ts';
import { engineMessages } from './messages/engine.ts';
import { gitMessages } from './messages/git.ts';
import { noteMessages } from './messages/notes.ts';
import { ownerMessages } from './messages/owners.ts';
import { renderMessages } from './messages/render.ts';
import { rollbackMessages } from './messages/rollback.ts';
import { syncMessages } from './messages/sync.ts';
import { syncsMessages } from './messages/syncs.ts';
import { writebackMessages } from './messages/writeback.ts';

/** English words of every error code of the engine, by code. Places in braces are filled from the error's details. */
export const messageTemplates: Readonly<Record<string, string>> = {
  'workspace-untrusted':
    'The workspace is not trusted, so no program is started and no cluster is contacted. Trust the workspace to compare.',
  ...engineMessages,
  ...gitMessages,
  ...clusterMessages,
  ...commitMessages,
  ...renderMessages,
  ...rollbackMessages,
  ...appsMessages,
  ...driftMessages,
  ...noteMessages,
  ...ownerMessages,
  ...syncMessages,
  ...syncsMessages,
  ...writebackMessages,
};
