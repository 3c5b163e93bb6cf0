import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const WORKFLOW = `
on: [push]
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - run: python3 -c "import ctypes; print('mount gave', ctypes.CDLL(None).mount(b't', b'/mnt', b'tmpfs', 0, None))"
`;
const REASON = 'a loop device is needed until the next release of the builder';

let place: Place;
let repository = '';
let config = '';
const git = (...args: string[]): string =>
  execFileSync(
    'git',
    [
      '-C',
      repository,
      '-c',
      'user.name=T',
      '-c',
      'user.email=t@a.test',
      '-c',
      'commit.gpgsign=false',
      ...args,
    ],
    { encoding: 'utf8', stdio: 'pipe' },
  );

function key(name: string): string {
  const path = join(place.directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return path;
}

interface Written {
  readonly job?: string;
  readonly expires?: string;
  readonly signature?: string;
  readonly signers?: string;
  readonly reason?: string;
}

/** The operator's file, with one waiver. */
function operator(written: Written, more = ''): void {
  const { job = 'image', expires = IN_30_DAYS, signature, signers = '', reason = REASON } = written;
  writeFileSync(join(config, 'signers'), signers, { mode: 0o600 });
  const lines = signature
    ?.trimEnd()
    .split('\n')
    .map((line) => `      ${line}`);
  writeFileSync(
    join(config, 'cofferdam/cofferdam.yaml'),
    `version: 1
pool: image-builders
waiverSigners: ${join(config, 'signers')}
trust: { repositories: [{ name: local/repo, path: ${repository}, protectedBranches: [main] }] }
zones: { internal: { isolation: { jobs: { image: privileged } } } }
waivers:
  - kind: privileged
    repository: local/repo
    workflow: .github/workflows/ci.yml
    job: ${job}
    zone: internal
    pool: image-builders
    reason: ${reason}
    expires: ${expires}
${lines === undefined ? '' : `    signature: |\n${lines.join('\n')}\n`}${more}`,
    { mode: 0o600 },
  );
}

/** Written and signed are the same, also when a second passes between them. */
const IN_30_DAYS = new Date(Date.now() + 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
const env = () => ({ XDG_CONFIG_HOME: config });

/** Signs what `policy waivers` says is to be signed, as a person would. */
async function sign(secret: string, namespace = 'cofferdam-waiver'): Promise<string> {
  const { stdout } = await place.run(['policy', 'waivers', '--text', '1'], { env: env() });
  return execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', secret], {
    input: stdout,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

const publicPart = (secret: string): string => `boss@a.test ${readFileSync(`${secret}.pub`, 'utf8')}`;
const run = (...args: string[]) =>
  place.run(['run', repository, '--ref', 'main', '--verbose', ...args], { env: env() });

beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  config = join(place.directory, 'config');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  writeFileSync(join(repository, '.github/workflows/ci.yml'), WORKFLOW);
  execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', repository]);
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
});
afterEach(() => place.remove());

describe('a privileged job', () => {
  test('runs with a waiver that somebody signed whom the operator names, and the record says who and why', async () => {
    const boss = key('boss');
    operator({ signers: publicPart(boss) });
    const signature = await sign(boss);
    operator({ signers: publicPart(boss), signature });
    const listed = await place.run(['policy', 'waivers'], { env: env() });
    expect(listed.stdout).toContain('holds, signed by boss@a.test');
    expect(listed.status).toBe(0);
    const planned = await place.run(['plan', repository, '--ref', 'main'], { env: env() });
    expect(planned.stdout).toContain('waiver  signed by boss@a.test');
    const ran = await run('--json');
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.find(({ type }) => type === 'waiver.used')).toMatchObject({
      job: 'image',
      kind: 'privileged',
      signedBy: 'boss@a.test',
      reason: REASON,
      pool: 'image-builders',
    });
    expect(events.findIndex(({ type }) => type === 'waiver.used')).toBeLessThan(
      events.findIndex(({ type }) => type === 'policy.armed'),
    );
    const shown = await run();
    expect(shown.stdout).toContain('mount gave 0\n');
    expect(shown.stdout).toContain('profile privileged');
  });

  test.each([
    ['unsigned', {}, 'waiver/unsigned'],
    ['signed by a stranger', { by: 'stranger' }, 'waiver/signature'],
    ['signed for another purpose', { namespace: 'git' }, 'waiver/signature'],
    [
      'changed after it was signed',
      { reason: 'another reason, which nobody who signs ever saw' },
      'waiver/signature',
    ],
    [
      'extended after it was signed',
      { expires: new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z') },
      'waiver/signature',
    ],
    ['moved to this job from another', { signedFor: 'other' }, 'waiver/signature'],
    ['for another job', { job: 'other' }, 'waiver/none'],
    ['expired', { expires: '2020-01-01T00:00:00Z', signedWith: true }, 'waiver/expired'],
  ] as const)(
    'with a waiver that is %s is refused before anything runs',
    async (_what, how: Record<string, unknown>, rule) => {
      const boss = key('boss');
      const secret = how['by'] === undefined ? boss : key(String(how['by']));
      const written = {
        signers: publicPart(boss),
        ...('expires' in how && { expires: String(how['expires']) }),
        ...('reason' in how && { reason: String(how['reason']) }),
        ...('job' in how && { job: String(how['job']) }),
      };
      // What was signed, and what stands in the file in the end.
      operator({
        ...(how['signedWith'] === true || 'job' in how ? written : { signers: written.signers }),
        ...('signedFor' in how && { job: String(how['signedFor']) }),
      });
      const signature = await sign(secret, String(how['namespace'] ?? 'cofferdam-waiver'));
      operator({ ...written, ...(rule !== 'waiver/unsigned' && { signature }) });
      const ran = await run();
      expect(ran.stderr).toContain(rule);
      expect(ran.status).toBe(3);
      expect(ran.stdout).not.toContain('mount gave 0');
    },
  );

  test('is never one in zone untrusted: not by a file, not by --zone, not by exec', async () => {
    const boss = key('boss');
    operator({ signers: publicPart(boss) });
    operator({ signers: publicPart(boss), signature: await sign(boss) });
    // The machine is for privileged jobs, and so not for untrusted ones.
    const lowered = await run('--zone', 'untrusted');
    expect(lowered.stderr).toContain('pool/untrusted');
    const command = await place.run(['exec', '--workdir', repository, '--', 'true'], { env: env() });
    expect(command.stderr).toContain('pool/untrusted');
    // Without a pool there is no waiver that could count.
    writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), 'version: 1\n', { mode: 0o600 });
    const asked = await place.run(
      ['exec', '--workdir', repository, '--profile', 'privileged', '--', 'true'],
      { env: env() },
    );
    expect(asked.stderr).toContain('waiver/untrusted');
    expect(asked.status).toBe(125);
    writeFileSync(
      join(config, 'cofferdam/cofferdam.yaml'),
      'version: 1\nzones: { untrusted: { isolation: { profiles: [privileged] } } }\n',
      { mode: 0o600 },
    );
    const named = await run('--zone', 'untrusted');
    expect(named.stderr).toContain('never is, and there is no waiver for it');
  });

  test('is not had by the repository\u2019s own word', async () => {
    writeFileSync(
      join(repository, 'cofferdam.yaml'),
      'version: 1\nzones: { internal: { isolation: { jobs: { image: privileged } } } }\n',
    );
    git('add', '-A');
    git('commit', '-q', '-m', 'ask');
    writeFileSync(
      join(config, 'cofferdam/cofferdam.yaml'),
      `version: 1\ntrust: { repositories: [{ name: local/repo, path: ${repository}, protectedBranches: [main] }] }\n`,
      { mode: 0o600 },
    );
    const ran = await run();
    expect(ran.stdout).not.toContain('mount gave 0');
    const planned = await place.run(['plan', repository, '--ref', 'main'], { env: env() });
    expect(planned.stdout).toContain(
      'not given cofferdam.yaml of the head: zones.internal.isolation.jobs.image privileged',
    );
    writeFileSync(join(repository, 'cofferdam.yaml'), 'version: 1\npool: image-builders\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'waive');
    expect((await run()).stderr).toContain('config/waiver');
  });
});
