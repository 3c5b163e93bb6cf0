import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readWorkflow } from '../../workflow/index.ts';
import { openRepository } from '../repository/local-repository.ts';
import { dispatchInputs } from './dispatch-inputs.ts';
import { EVENTS } from './event.ts';
import { type EventOptions, synthesiseEvent } from './synthesise.ts';

let directory = '';
const sha: Record<string, string> = {};

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.test',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.test',
    },
  }).trim();
}

function commit(message: string): string {
  writeFileSync(join(directory, 'file'), message);
  git('add', '-A');
  git('commit', '-qm', message);
  return git('rev-parse', 'HEAD');
}

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'event-')));
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', 'git@forge.test:octo/app.git');
  sha['first'] = commit('first');
  sha['main'] = commit('second');
  git('tag', '-a', 'v1.0', '-m', 'one');
  git('checkout', '-qb', 'feature');
  sha['change'] = commit('a change');
  sha['feature'] = commit('Fix it [skip ci]\n\nBecause it was broken.');
});
afterAll(() => rmSync(directory, { recursive: true }));

async function made(options: Partial<EventOptions>) {
  const repository = await openRepository(directory);
  if (!repository.ok) throw new Error(repository.error.why);
  return synthesiseEvent(repository.value, {
    fork: false,
    actor: 'grace',
    inputs: {},
    now: new Date('2027-01-02T03:04:05Z'),
    ...options,
  });
}

async function event(options: Partial<EventOptions>) {
  const result = await made(options);
  if (!result.ok) throw new Error(result.error.why);
  return result.value;
}

const repositoryPart = { full_name: 'octo/app', default_branch: 'main', owner: { login: 'octo' } };

describe('an event that is made from the repository', () => {
  test('push carries the commit as git has it, and what was before it', async () => {
    const push = await event({ event: 'push' });
    expect(push).toMatchObject({ ref: 'refs/heads/feature', sha: sha['feature'], workTree: true });
    expect(push.payload).toMatchObject({
      before: sha['change'],
      after: sha['feature'],
      created: false,
      head_commit: {
        id: sha['feature'],
        message: 'Fix it [skip ci]\n\nBecause it was broken.',
        author: { name: 'Ada', email: 'ada@example.test' },
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
      commits: [{ id: sha['feature'] }],
      repository: repositoryPart,
      sender: { login: 'grace' },
    });
  });

  test.each([
    ['v1.0', 'refs/tags/v1.0', 'main'],
    ['refs/tags/v1.0', 'refs/tags/v1.0', 'main'],
    ['main', 'refs/heads/main', 'main'],
    ['refs/heads/main', 'refs/heads/main', 'main'],
  ])('push of --ref %s is %s', async (ref, full, at) => {
    const push = await event({ ref });
    expect(push).toMatchObject({ ref: full, sha: sha[at], workTree: false });
    expect(push.payload).toMatchObject({ ref: full, after: sha[at] });
    const created = full.startsWith('refs/tags/');
    expect(push.payload).toMatchObject({
      created,
      before: created ? '0'.repeat(40) : sha['first'],
      head_commit: { message: 'second' },
    });
  });

  test('a ref that is not there is refused, never made up', async () => {
    expect(await made({ ref: 'no-such' })).toMatchObject({
      ok: false,
      error: { rule: 'repository/unknown-ref' },
    });
  });

  test('pull_request goes from the branch that is checked out into the default branch', async () => {
    const pull = await event({ event: 'pull_request' });
    expect(pull).toMatchObject({
      ref: 'refs/pull/1/merge',
      sha: sha['feature'],
      headRef: 'feature',
      baseRef: 'main',
      action: 'synchronize',
      workTree: true,
    });
    expect(pull.payload).toMatchObject({
      before: sha['change'],
      after: sha['feature'],
      number: 1,
      pull_request: {
        title: 'Fix it [skip ci]',
        body: 'Because it was broken.',
        commits: 2,
        draft: false,
        head: { ref: 'feature', sha: sha['feature'], label: 'octo:feature', repo: { fork: false } },
        base: { ref: 'main', sha: sha['main'], repo: repositoryPart },
      },
    });
  });

  test('of a fork has another head repository, and its author is nobody’s member', async () => {
    const pull = await event({ event: 'pull_request', fork: true, action: 'opened' });
    expect(pull.fork).toBe(true);
    expect(pull.payload).toMatchObject({
      action: 'opened',
      pull_request: {
        author_association: 'NONE',
        user: { login: 'contributor' },
        head: { label: 'contributor:feature', repo: { full_name: 'contributor/app', fork: true } },
      },
    });
    expect(pull.payload).not.toHaveProperty('after');
  });

  test('pull_request of --ref has that branch as its head', async () => {
    git('branch', '-f', 'other', String(sha['change']));
    expect(await event({ event: 'pull_request', ref: 'other' })).toMatchObject({
      headRef: 'other',
      sha: sha['change'],
      workTree: false,
    });
  });

  test('pull_request_target is the base’s: its branch and its commit', async () => {
    expect(await event({ event: 'pull_request_target', fork: true })).toMatchObject({
      ref: 'refs/heads/main',
      sha: sha['main'],
      workTree: false,
      payload: { pull_request: { head: { sha: sha['feature'] } } },
    });
  });

  test.each(['schedule', 'workflow_run'])(
    '%s is for the default branch, whatever is checked out',
    async (name) => {
      expect(await event({ event: name })).toMatchObject({
        ref: 'refs/heads/main',
        sha: sha['main'],
        workTree: false,
      });
      expect(await event({ event: name, ref: 'feature' })).toMatchObject({ ref: 'refs/heads/feature' });
    },
  );

  test('release is of its tag', async () => {
    expect(await event({ event: 'release', ref: 'v1.0' })).toMatchObject({
      ref: 'refs/tags/v1.0',
      sha: sha['main'],
      action: 'published',
      payload: { release: { tag_name: 'v1.0', prerelease: false, target_commitish: 'main', assets: [] } },
    });
    expect(await made({ event: 'release' })).toMatchObject({ ok: false, error: { rule: 'event/release' } });
  });

  test('schedule and workflow_run take what the workflow says of them', async () => {
    const read = await readWorkflow(
      'w.yml',
      Buffer.from(
        "on:\n  schedule: [{ cron: '1 2 * * *' }, { cron: '3 4 * * *' }]\n  workflow_run: { workflows: [Build], types: [completed] }\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: x }] } }\n",
      ),
    );
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const settled = async (name: string) => {
      const result = dispatchInputs(await event({ event: name }), read.value);
      return result.ok ? result.value.event.payload : undefined;
    };
    expect(await settled('schedule')).toMatchObject({ schedule: '1 2 * * *' });
    expect(await settled('workflow_run')).toMatchObject({
      action: 'completed',
      workflow_run: {
        name: 'Build',
        conclusion: 'success',
        head_branch: 'feature',
        head_sha: sha['feature'],
      },
    });
  });

  test.each(EVENTS)('%s yields to a payload from a file, key by key', async (name) => {
    const pull = { title: 'From the file', head: { ref: 'theirs', repo: { full_name: 'octo/app' } } };
    const payload = {
      sender: { login: 'hopper' },
      ...(name.startsWith('pull_request') && { pull_request: pull }),
      ...(name === 'release' && { release: { tag_name: 'v1.0' } }),
    };
    const made = await event({ event: name, payload });
    expect(made).toMatchObject({ actor: 'hopper', payloadSource: 'event-file' });
    expect(made.payload).toMatchObject({ ...payload, repository: repositoryPart });
    if (name === 'pull_request') expect(made.headRef).toBe('theirs');
  });
});
