import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { findTarget, parseRefs, type RefSnapshot } from '../../../src/engine/git/refs.ts';
import type { Head } from '../../../src/engine/git/state.ts';

const refs = parseRefs(
  [
    'refs/heads/main\0m1\0refs/remotes/origin/main\0',
    'refs/heads/release/1.x\0r1\0\0',
    'refs/heads/fork\0f1\0refs/remotes/mine/fork\0',
    'refs/heads/gone\0g1\0refs/remotes/origin/gone\0',
    'refs/heads/local\0l1\0refs/heads/main\0',
    'refs/remotes/origin/HEAD\0m2\0\0refs/remotes/origin/main',
    'refs/remotes/origin/main\0m2\0\0',
    'refs/remotes/origin/release/1.x\0r2\0\0',
    'refs/remotes/mine/fork\0f2\0\0',
    'refs/remotes/mine/only\0o2\0\0',
    'refs/remotes/origin/fork\0f3\0\0',
    '',
  ].join('\n'),
);

function target(head: Head, branch?: string): string {
  const snapshot: RefSnapshot = { head, refs, remotes: ['origin', 'mine'] };
  try {
    const found = findTarget(snapshot, branch);
    return `${found.name} ${found.commit}${found.isUpstream ? '' : ' local'}`;
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

test('target is the upstream, else the local branch', () => {
  const on = (branch: string): Head => ({ kind: 'branch', branch, commit: 'x' });
  assert.deepEqual(
    {
      'configured upstream': target(on('main')),
      'no configured upstream, same name at origin': target(on('release/1.x')),
      'upstream at another remote': target(on('fork')),
      'upstream gone': target(on('gone')),
      'upstream is a local branch': target(on('local')),
      'environment branch': target(on('main'), 'release/1.x'),
      'environment branch that is not checked out here': target(on('main'), 'only'),
      'environment branch, HEAD detached': target({ kind: 'detached', commit: 'd1' }, 'main'),
      detached: target({ kind: 'detached', commit: 'd1' }),
      unborn: target({ kind: 'unborn', branch: 'new' }),
      'unborn with an upstream of that name': target({ kind: 'unborn', branch: 'only' }),
      'unknown branch': target(on('main'), 'nope'),
      'a ref name is no branch': target(on('main'), 'refs/heads/main'),
    },
    {
      'configured upstream': 'origin/main m2',
      'no configured upstream, same name at origin': 'origin/release/1.x r2',
      'upstream at another remote': 'mine/fork f2',
      'upstream gone': 'gone g1 local',
      'upstream is a local branch': 'main m1',
      'environment branch': 'origin/release/1.x r2',
      'environment branch that is not checked out here': 'mine/only o2',
      'environment branch, HEAD detached': 'origin/main m2',
      detached: 'HEAD d1 local',
      unborn: 'git-no-commits',
      'unborn with an upstream of that name': 'mine/only o2',
      'unknown branch': 'git-branch-not-found',
      'a ref name is no branch': 'git-branch-not-found',
    },
  );
});
