import { describe, expect, test } from 'vitest';
import type { Attack } from './attack.ts';
import { ATTACKS, PENDING } from './attacks/index.ts';
import { attackScript } from './attack-script.ts';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SideRun } from './ground/side-run.ts';
import { shownMounts } from './ground/open-ground.ts';
import { chooseCases, replayCases } from './replay.ts';
import { junit } from './report/junit.ts';
import { judge, replayStatus } from './verdict.ts';

const record = { state: 'whole', events: 9, expected: true } as const;
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

async function replayed(off: SideRun, on: SideRun) {
  const chosen = chooseCases([attack], ['one/a']);
  const results = chosen.ok
    ? await replayCases(chosen.value, async (_attack, _one, side) => (side === 'off' ? off : on), never)
    : [];
  return results[0];
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
    expect(judge(harmed, { ...held, failure: 'no runtime' }, 'e').verdict).toBe('broken');
    expect(judge(harmed, undefined, 'e').verdict).toBe('broken');
  });
});

describe('the exit status', () => {
  test('is 0 only when something ran and all of it was contained', () => {
    expect(replayStatus(['contained', 'contained'])).toBe(0);
    expect(replayStatus([])).toBe(1);
    expect(replayStatus(['contained', 'broken'])).toBe(1);
    expect(replayStatus(['contained', 'not-contained'])).toBe(1);
  });
});

describe('attacks', () => {
  test('are chosen by name or by case; a name that is none is refused', () => {
    const names = (asked: readonly string[]): unknown => {
      const chosen = chooseCases([attack], asked);
      return chosen.ok ? chosen.value.map(({ one }) => one.name) : chosen.error.rule;
    };
    expect(names([])).toEqual(['a', 'b']);
    expect(names(['one/b'])).toEqual(['b']);
    expect(names(['one'])).toEqual(['a', 'b']);
    expect(names(['one', 'two'])).toBe('replay/unknown');
  });

  test('are a folder each, with story, sources, script, and cases that say what they lack and what the record holds', () => {
    const folders = readdirSync(join(import.meta.dirname, 'attacks'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(ATTACKS.map(({ name }) => name).toSorted()).toEqual(folders.toSorted());
    for (const { name, story, sources, cases } of ATTACKS) {
      expect(existsSync(attackScript(name)), name).toBe(true);
      expect(story.length, name).toBeGreaterThan(80);
      expect(sources.length, name).toBeGreaterThan(0);
      expect(new Set(cases.map((one) => one.name)).size, name).toBe(cases.length);
      expect(cases.length, name).toBeGreaterThan(0);
    }
    const all = [...ATTACKS, ...PENDING].map(({ name }) => name);
    expect(new Set(all).size).toBe(all.length);
  });

  test('that are ended in the middle leave no result of the case that was cut off', async () => {
    const abort = new AbortController();
    const chosen = chooseCases([attack], []);
    const results = chosen.ok
      ? await replayCases(
          chosen.value,
          async (_attack, one, side) => {
            if (one === 'b') abort.abort();
            return side === 'off' ? harmed : held;
          },
          abort.signal,
        )
      : [];
    expect(results.map((one) => one.case)).toEqual(['a']);
  });
});

describe('JUnit', () => {
  test('has a failure for what is not contained, an error for what is broken, and skips what is pending', async () => {
    const results = [
      await replayed(harmed, held),
      await replayed(harmed, { ...harmed, harm: 'a\u0001<b>&' }),
      await replayed({ durationMs: 1 }, held),
    ].flatMap((one) => one ?? []);
    const xml = junit(results, [{ name: 'later', title: 'Later', waitsFor: 'caches' }]);
    expect(xml).toContain('tests="4" failures="1" errors="1" skipped="1"');
    expect(xml).toContain('<failure message="a&lt;b&gt;&amp;"/>');
    expect(xml).toContain('a &quot;control&quot;');
    expect(xml.match(/<error /g)).toHaveLength(1);
    expect(xml).toContain('pending: waits for caches');
  });
});

describe('the throwaway machine', () => {
  test('is shown what else is mounted, and never what stands for the kernel', () => {
    const line = (path: string): string => `1 2 3:4 / ${path} rw - ext4 x rw`;
    const paths = ['/', '/proc', '/sys/fs/cgroup', '/dev/shm', '/run/user', '/home', '/mnt/a\\040b'];
    expect(shownMounts(paths.map(line).join('\n'))).toEqual(['/home', '/mnt/a b']);
  });
});
