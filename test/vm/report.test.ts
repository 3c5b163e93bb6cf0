import { describe, expect, test } from 'vitest';
import { ATTACKS } from '../../src/replay/index.ts';
import { BOOTS, oneOfEach, shareOf } from './boots.ts';
import { archive, inOrder } from './initramfs.ts';
import { judge, type NamedBoot, type Results } from './report.ts';

const BOOT: NamedBoot = {
  name: 'v2',
  is: 'a machine',
  parameters: [],
  cgroup: 'v2',
  init: 'script',
  proof: ['6.1.', 'cgroup2fs'],
  holds: ['hardened-container'],
  suites: ['src/a', 'src/b'],
  runtimes: ['runc'],
  replay: ['a'],
};
const tests = (counts: object, files: readonly string[]): string =>
  JSON.stringify({
    ...counts,
    testResults: files.map((name) => ({ name: `/cofferdam/${name}`, assertionResults: [{}] })),
  });
const GOOD: Results = {
  machine: '6.1.0-56\ncgroup2fs\n',
  doctor: '{"name":"hardened-container","held":true}\n',
  'doctor.status': '0\n',
  tests: tests({ numTotalTests: 2, numPassedTests: 2, numFailedTests: 0 }, [
    'src/a/x.test.ts',
    'src/b/y.test.ts',
  ]),
  'tests.status': '0\n',
  replay: '{"attack":"a","case":"b","verdict":"contained"}\n{"attack":"c","verdict":"pending"}\n',
  'replay.status': '0\n',
  done: 'done\n',
};

describe('a virtual machine that was tested', () => {
  test('is good when all that was asked for was executed and held', () => {
    expect(judge(BOOT, GOOD)).toEqual({ passed: 4, failed: 0, wrong: [] });
  });

  test('has failed when it gave nothing back', () => {
    expect(judge(BOOT, {}).wrong.length).toBeGreaterThan(5);
    for (const name of Object.keys(GOOD))
      expect(judge(BOOT, { ...GOOD, [name]: undefined }).wrong, name).not.toEqual([]);
    for (const name of Object.keys(GOOD).filter((one) => one !== 'done'))
      expect(judge(BOOT, { ...GOOD, [name]: '' }).wrong, name).not.toEqual([]);
  });

  test.each<[string, Results]>([
    ['it is another machine', { machine: '6.18\ncgroup2fs\n' }],
    ['doctor found a lack', { doctor: '{"name":"hardened-container","held":false}' }],
    ['a suite had no test', { tests: tests({ numTotalTests: 2, numPassedTests: 2 }, ['src/a/x.test.ts']) }],
    [
      'a test failed',
      { tests: tests({ numTotalTests: 2, numPassedTests: 1, numFailedTests: 1 }, ['src/a/x', 'src/b/y']) },
    ],
    [
      'a test was left out',
      { tests: tests({ numTotalTests: 2, numPassedTests: 1, numFailedTests: 0 }, ['src/a/x', 'src/b/y']) },
    ],
    ['no test ran', { tests: tests({ numTotalTests: 0, numPassedTests: 0 }, ['src/a/x', 'src/b/y']) }],
    ['the tests ended badly', { 'tests.status': '1' }],
    ['an attack was not contained', { replay: '{"attack":"a","case":"b","verdict":"escaped"}' }],
    ['all replays are pending', { replay: '{"attack":"c","verdict":"pending"}' }],
    ['an attack was not replayed', { replay: '{"attack":"c","case":"b","verdict":"contained"}' }],
    ['an attack does not apply there', { replay: `${GOOD.replay}`.replace('contained', 'not-applicable') }],
    ['the replays were killed', { 'replay.status': '137' }],
    ['a result is no result', { tests: '[1', replay: 'null' }],
  ])('has failed when %s', (_, results) => {
    const verdict = judge(BOOT, { ...GOOD, ...results });
    expect(verdict.wrong).not.toEqual([]);
    expect(verdict.failed).toBeGreaterThan(0);
  });

  test('has as many failures as attacks that its time did not reach', () => {
    const boot = { ...BOOT, replay: ['a', 'd/e', 'f/g'] };
    const { 'replay.status': _status, done: _done, ...early } = GOOD;
    const verdict = judge(boot, early);
    expect(verdict).toMatchObject({ passed: 4, failed: 2 });
    expect(verdict.wrong).toEqual(
      expect.arrayContaining(['replay d/e did not run', 'replay f/g did not run']),
    );
  });
});

test('a case of each kind of attack is replayed, one that was added too', () => {
  const lines = ATTACKS.map(({ name, cases }) => ({
    attack: name,
    cases: cases.map((one) => ({ name: one.name })),
  }));
  const chosen = oneOfEach([
    ...lines,
    { attack: 'added', cases: [{ name: 'a' }, { name: 'b' }] },
    { attack: 'pending' },
  ]);
  expect(chosen).toHaveLength(ATTACKS.length + 1);
  expect(chosen).toContain('added/a');
  expect(chosen).toContain('escape/file-handle');
  const shares = BOOTS.flatMap(({ replay }) => ('nth' in replay ? [replay] : []));
  const replayed = shares.flatMap((share) => shareOf(chosen, share));
  expect(replayed.toSorted()).toEqual(chosen.toSorted());
});

describe('the first file system of a virtual machine', () => {
  test('loads each module after those that it needs, and none that is built in', () => {
    const dependencies =
      'kernel/a.ko: kernel/b.ko.xz kernel/c.ko\nkernel/b.ko.xz: kernel/c.ko\nkernel/c.ko:\n';
    expect(inOrder(dependencies, ['a', 'built-in'])).toEqual([
      'kernel/c.ko',
      'kernel/b.ko.xz',
      'kernel/a.ko',
    ]);
  });

  test('is an archive in the kernel\u2019s format', () => {
    const bytes = archive([{ path: 'x', mode: 0o100_644, content: Buffer.from('hello') }]);
    expect(bytes.length % 4).toBe(0);
    expect(bytes.toString('latin1')).toMatch(
      /^070701[0-9a-f]{104}x\0hello\0{3}070701[0-9a-f]{104}TRAILER!!!\0/,
    );
  });
});
