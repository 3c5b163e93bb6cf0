import { describe, expect, test } from 'vitest';
import type { Attack, ReplayCase } from './attack.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SideRun } from './ground/side-run.ts';
import { shownMounts } from './ground/open-ground.ts';
import { chooseCases, type ReplayHow, replayCases, type RunSide } from './replay.ts';
import { junit } from './report/junit.ts';
import { judge, replayStatus } from './verdict.ts';

const record = { state: 'whole', events: 9, began: true, expected: true } as const;
const harmed: SideRun = { harm: 'the secret arrived', durationMs: 5 };
const held: SideRun = { record, durationMs: 5 };
const attack: Attack = {
  name: 'one',
  title: 'One <attack>',
  story: '',
  sources: [],
  cases: ['a', 'b'].map((name) => ({
    name,
    control: 'a "control"',
    without: ['gateway'],
    event: { name: 'an event', matches: () => true },
  })),
};
const never = new AbortController().signal;

function how(run: RunSide, more: Partial<ReplayHow> = {}): ReplayHow {
  return { run, lackOf: () => undefined, atOnce: 1, ...more };
}

async function replayed(
  off: SideRun,
  on: SideRun,
  one: Partial<ReplayCase> = {},
  more: Partial<ReplayHow> = {},
) {
  const cases = attack.cases.map((other) => ({ ...other, ...one }));
  const chosen = chooseCases([{ ...attack, cases }], ['one/a'], [{ name: 'runc' }]);
  const side: RunSide = async (_attack, _one, which) => (which === 'off' ? off : on);
  return chosen.ok ? (await replayCases(chosen.value, how(side, more), never))[0] : undefined;
}

describe('a replay', () => {
  test('is contained when the attack succeeds without the control, does nothing with it, and the record says so', async () => {
    expect(await replayed(harmed, held)).toMatchObject({
      verdict: 'contained',
      harmOff: 'the secret arrived',
    });
  });

  test('whose attack does nothing without the control is broken, whatever happens with it', async () => {
    for (const off of [
      { durationMs: 1 },
      { failure: 'no sandbox', durationMs: 1 },
      { ...harmed, failure: 'x' },
    ])
      expect(await replayed(off, held)).toMatchObject({ verdict: 'broken' });
  });

  test('whose attack succeeds with the control is not contained, whatever the record says', async () => {
    expect(await replayed(harmed, { ...harmed, record })).toMatchObject({ verdict: 'not-contained' });
    expect(await replayed(harmed, { ...harmed, record, failure: 'x' })).toMatchObject({
      verdict: 'not-contained',
    });
  });

  test('without its event in the record is not contained', async () => {
    const on = { ...held, record: { ...record, expected: false } };
    expect(await replayed(harmed, on)).toMatchObject({ verdict: 'not-contained' });
  });

  test('whose record does not verify, or that failed, or has no record, is broken', () => {
    for (const state of ['unfinished', 'broken'] as const)
      expect(judge(harmed, { ...held, record: { ...record, state } }, 'e').verdict).toBe('broken');
    expect(judge(harmed, { durationMs: 1 }, 'e').verdict).toBe('broken');
    expect(judge(harmed, { ...held, record: { ...record, began: false } }, 'e').verdict).toBe('broken');
    expect(judge(harmed, { ...held, failure: 'no runtime' }, 'e').verdict).toBe('broken');
    expect(judge(harmed, undefined, 'e').verdict).toBe('broken');
  });

  test('that makes no sense with a runtime, or on a machine, is not run, says why, and is never contained', async () => {
    const ran: SideRun = { harm: 'x', durationMs: 1, failure: 'it was run' };
    expect(await replayed(ran, ran, { notWith: { runc: 'it cannot be seen' } })).toMatchObject({
      verdict: 'not-applicable',
      why: 'it cannot be seen',
    });
    const lacking = { lackOf: () => 'this kernel has none' };
    expect(await replayed(ran, ran, { needs: 'landlock' }, lacking)).toMatchObject({
      verdict: 'not-applicable',
      why: 'this kernel has none',
    });
    expect(await replayed(harmed, held, { notWith: { runsc: 'not here' } }, lacking)).toMatchObject({
      verdict: 'contained',
    });
  });
});

describe('the exit status', () => {
  test('is 0 only when something ran and all of it was contained', () => {
    expect(replayStatus(['contained', 'contained'])).toBe(0);
    expect(replayStatus([])).toBe(1);
    expect(replayStatus(['contained', 'broken'])).toBe(1);
    expect(replayStatus(['contained', 'not-contained'])).toBe(1);
    expect(replayStatus(['contained', 'not-applicable'])).toBe(0);
    expect(replayStatus(['not-applicable'])).toBe(1);
  });
});

describe('attacks', () => {
  test('are chosen by name or by case; a name that is none is refused', () => {
    const names = (asked: readonly string[]): unknown => {
      const chosen = chooseCases([attack], asked, [{ name: 'runc' }]);
      return chosen.ok ? chosen.value.map(({ one }) => one.name) : chosen.error.rule;
    };
    expect(names([])).toEqual(['a', 'b']);
    expect(names(['one/b'])).toEqual(['b']);
    expect(names(['one'])).toEqual(['a', 'b']);
    expect(names(['one', 'two'])).toBe('replay/unknown');
  });

  test('that are ended in the middle leave no result of the case that was cut off', async () => {
    const abort = new AbortController();
    const chosen = chooseCases([attack], [], [{ name: 'runc' }]);
    const side: RunSide = async (_attack, one, which) => {
      if (one === 'b') abort.abort();
      return which === 'off' ? harmed : held;
    };
    const results = chosen.ok ? await replayCases(chosen.value, how(side), abort.signal) : [];
    expect(results.map((one) => one.case)).toEqual(['a']);
  });

  test('are replayed several at a time, each with each runtime, and told in the order of the list', async () => {
    const chosen = chooseCases([attack], [], [{ name: 'runc' }, { name: 'runsc' }]);
    let [going, most] = [0, 0];
    const side: RunSide = async (_attack, one, which) => {
      going += 1;
      most = Math.max(most, going);
      await sleep(one === 'a' ? 20 : 5);
      going -= 1;
      return which === 'off' ? harmed : held;
    };
    const results = chosen.ok ? await replayCases(chosen.value, how(side, { atOnce: 2 }), never) : [];
    expect(most).toBe(2);
    expect(results.map(({ runtime, tier, case: one }) => [runtime, tier, one])).toEqual([
      ['runc', 'hardened-container', 'a'],
      ['runc', 'hardened-container', 'b'],
      ['runsc', 'sandboxed-kernel', 'a'],
      ['runsc', 'sandboxed-kernel', 'b'],
    ]);
  });
});

describe('JUnit', () => {
  test('has a failure for what is not contained, an error for what is broken, and skips what is pending', async () => {
    const results = [
      await replayed(harmed, held),
      await replayed(harmed, { ...harmed, harm: 'a\u0001<b>&' }),
      await replayed({ durationMs: 1 }, held),
    ].flatMap((one) => one ?? []);
    results.push(
      ...[await replayed(harmed, held, { notWith: { runc: 'no <view>' } })].flatMap((one) => one ?? []),
    );
    const xml = junit(results, [{ name: 'later', title: 'Later', waitsFor: 'caches' }]);
    expect(xml).toContain('tests="5" failures="1" errors="1" skipped="2"');
    expect(xml).toContain('<failure message="a&lt;b&gt;&amp;"/>');
    expect(xml).toContain('a &quot;control&quot;');
    expect(xml.match(/<error /g)).toHaveLength(1);
    expect(xml).toContain('pending: waits for caches');
    expect(xml).toContain('does not apply: no &lt;view&gt;');
  });
});

describe('the throwaway machine', () => {
  test('is shown what else is mounted, and never what stands for the kernel', () => {
    const line = (path: string): string => `1 2 3:4 / ${path} rw - ext4 x rw`;
    const paths = ['/', '/proc', '/sys/fs/cgroup', '/dev/shm', '/run/user', '/home', '/mnt/a\\040b'];
    expect(shownMounts(paths.map(line).join('\n'))).toEqual(['/home', '/mnt/a b']);
  });
});
