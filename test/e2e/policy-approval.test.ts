import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const REASON = 'the new mirror is needed for the release';
const IN_30_DAYS = new Date(Date.now() + 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

function key(name: string): { readonly secret: string; readonly line: string } {
  const secret = join(place.directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', secret]);
  return { secret, line: `${name}@a.test ${readFileSync(`${secret}.pub`, 'utf8')}` };
}

function file(name: string, text: string): string {
  const path = join(place.directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A policy that allows these hosts, and says who must approve that a later one allows more. */
function policy(name: string, hosts: string, approvers?: string, required = 1): string {
  const changes =
    approvers === undefined ? '' : `policyChanges: { approvers: ${approvers}, required: ${required} }\n`;
  return file(name, `version: 1\n${changes}zones: { untrusted: { egress: { allow: [${hosts}] } } }\n`);
}

async function statement(old: string, fresh: string, name: string, expires = IN_30_DAYS): Promise<string> {
  const args = ['policy', 'approve', old, fresh, '--reason', REASON, '--expires', expires];
  const made = await place.run(args);
  expect(made.status, made.stderr).toBe(0);
  return file(name, made.stdout);
}

function sign(text: string, secret: string, namespace = 'cofferdam-policy-change'): string {
  execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', secret, text], { stdio: 'ignore' });
  return text;
}

const diff = (old: string, fresh: string, ...approvals: string[]) =>
  place.run(['policy', 'diff', old, fresh, ...approvals.flatMap((one) => ['--approval', one])]);

describe('a change of policy that allows more', () => {
  test('passes when somebody signed for it whom the policy before the change names, and is refused without', async () => {
    const alice = key('alice');
    const signers = file('signers', alice.line);
    const [old, fresh] = [
      policy('old.yaml', 'a.test', signers),
      policy('new.yaml', 'a.test, b.test', signers),
    ];
    const without = await diff(old, fresh);
    expect(without.status).toBe(3);
    expect(without.stdout).toContain('WIDENED');
    expect(without.stderr).toContain('[approval/missing]');
    const approved = await diff(old, fresh, sign(await statement(old, fresh, 'change'), alice.secret));
    expect(approved.status, approved.stderr).toBe(0);
    expect(approved.stdout).toContain(`APPROVED  by alice@a.test, until ${IN_30_DAYS}: ${REASON}`);
    expect((await diff(fresh, old)).status).toBe(0);
    const json = await place.run([
      'policy',
      'diff',
      old,
      fresh,
      '--json',
      '--approval',
      join(place.directory, 'change'),
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      widened: true,
      approved: [{ signedBy: 'alice@a.test' }],
    });
  });

  test('is not approved by what was signed for another change, for the way back, or before a byte was changed', async () => {
    const alice = key('alice');
    const signers = file('signers', alice.line);
    const old = policy('old.yaml', 'a.test', signers);
    const [fresh, other] = [
      policy('new.yaml', 'a.test, b.test', signers),
      policy('other.yaml', 'c.test', signers),
    ];
    const change = sign(await statement(old, fresh, 'change'), alice.secret);
    for (const [from, to] of [
      [old, other],
      [other, fresh],
      [fresh, old],
    ] as const) {
      const ran = await diff(from, to, change);
      // Back to less needs nobody.
      expect(ran.status, `${from} ${to}`).toBe(from === fresh ? 0 : 3);
      if (from !== fresh) expect(ran.stderr).toContain('[approval/other-change]');
    }
    writeFileSync(fresh, readFileSync(fresh, 'utf8').replace('b.test', 'b.test, evil.test'));
    expect((await diff(old, fresh, change)).stderr).toContain('[approval/other-change]');
    // Other words below the same signature.
    const moved = readFileSync(change, 'utf8');
    const now = JSON.parse(await statement(old, fresh, 'now').then((name) => readFileSync(name, 'utf8'))) as {
      new: string;
    };
    writeFileSync(change, moved.replace(/"new":"[^"]*"/, `"new":"${now.new}"`));
    const forged = await diff(old, fresh, change);
    expect(forged.status).toBe(3);
    expect(forged.stderr).toContain('[approval/signature]');
  });

  test('is not approved by a stranger, for another purpose, or out of its time', async () => {
    const [alice, mallory] = [key('alice'), key('mallory')];
    const signers = file('signers', alice.line);
    const [old, fresh] = [
      policy('old.yaml', 'a.test', signers),
      policy('new.yaml', 'a.test, b.test', signers),
    ];
    const stranger = await diff(old, fresh, sign(await statement(old, fresh, 'one'), mallory.secret));
    expect(stranger.status).toBe(3);
    expect(stranger.stderr).toContain('key that is not allowed');
    const waiver = await diff(
      old,
      fresh,
      sign(await statement(old, fresh, 'two'), alice.secret, 'cofferdam-waiver'),
    );
    expect(waiver.status).toBe(3);
    const text = readFileSync(await statement(old, fresh, 'three'), 'utf8');
    for (const [expires, rule] of [
      ['2020-01-01T00:00:00Z', 'approval/expired'],
      ['2999-01-01T00:00:00Z', 'approval/too-long'],
    ] as const) {
      const late = sign(file(`late-${expires}`, text.replace(IN_30_DAYS, expires)), alice.secret);
      const ran = await diff(old, fresh, late);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain(`[${rule}]`);
      const made = await place.run([
        'policy',
        'approve',
        old,
        fresh,
        '--reason',
        REASON,
        '--expires',
        expires,
      ]);
      expect(made.stderr).toContain(`[${rule}]`);
    }
    // The same said twice, or in other words, is no approval of ours.
    const doubled = sign(file('four', text.replace('{', '{"reason":"first",')), alice.secret);
    expect((await diff(old, fresh, doubled)).stderr).toContain('[approval/text]');
  });

  test('cannot name its own approvers: those of the policy before it count, also for that very change', async () => {
    const [alice, mallory] = [key('alice'), key('mallory')];
    const [signers, own] = [file('signers', alice.line), file('own', mallory.line)];
    const old = policy('old.yaml', 'a.test', signers);
    const fresh = policy('new.yaml', 'a.test, b.test', own);
    const change = sign(await statement(old, fresh, 'change'), mallory.secret);
    const ran = await diff(old, fresh, change);
    expect(ran.status).toBe(3);
    expect(ran.stdout).toContain('policyChanges.approvers');
    // Nothing else is changed but who approves, or that anybody must.
    for (const [name, last] of [
      ['swap', policy('swap.yaml', 'a.test', own)],
      ['none', policy('none.yaml', 'a.test')],
    ] as const) {
      const swapped = await diff(old, last, sign(await statement(old, last, name), mallory.secret));
      expect(swapped.stdout).toContain('WIDENED');
      expect(swapped.status).toBe(3);
    }
    // Where nobody is named, nobody can approve: a check stays red until a person looked.
    const open = policy('open.yaml', 'a.test');
    expect((await diff(open, fresh)).status).toBe(1);
    expect((await diff(open, fresh, change)).status).toBe(3);
  });

  test('needs as many different people as it says, and a list of them that nobody else can write', async () => {
    const [alice, bob] = [key('alice'), key('bob')];
    const signers = file('signers', `${alice.line}${bob.line}`);
    const [old, fresh] = [
      policy('old.yaml', 'a.test', signers, 2),
      policy('new.yaml', 'a.test, b.test', signers, 2),
    ];
    const [one, again, two] = [
      sign(await statement(old, fresh, 'one'), alice.secret),
      sign(await statement(old, fresh, 'again'), alice.secret),
      sign(await statement(old, fresh, 'two'), bob.secret),
    ];
    const same = await diff(old, fresh, one, again);
    expect(same.status).toBe(3);
    expect(same.stderr).toContain('1 of the 2 people');
    expect((await diff(old, fresh, one, two)).status).toBe(0);
    const fewer = policy('fewer.yaml', 'a.test', signers, 1);
    expect((await diff(old, fewer)).stdout).toContain('opened  policyChanges.required');
    chmodSync(signers, 0o666);
    expect((await diff(old, fresh, one, two)).status).toBe(2);
  });
});
