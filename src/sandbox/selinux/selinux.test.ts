import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packagedFile } from '../native-program.ts';
import { labelCheck } from './label-check.ts';
import { ofAnother, type SeLinuxLabels, seLinuxLabels } from './labels.ts';
import { type Asks, policyWeakness } from './policy-questions.ts';
import { seLinuxWall } from './wall.ts';

const LABELS = seLinuxLabels('01jd-test');
const HOST = { starter: 'unconfined_u:unconfined_r:unconfined_t:s0', usr: 'system_u:object_r:usr_t:s0' };
const NONE: Asks = () => 'none';

describe('the labels of a sandbox', () => {
  test('have types that the module declares, and all of them the same two of 1,024 categories', () => {
    const module_ = readFileSync(packagedFile('setup/selinux/cofferdam.cil'), 'utf8');
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 80 }), (name) => {
        const labels = Object.values(seLinuxLabels(name)) as readonly string[];
        const levels = labels.map((label) => {
          const [, type = '', first, second] =
            /^system_u:(?:system|object)_r:(\w+):s0:c(\d+),c(\d+)$/u.exec(label) ?? [];
          expect(module_).toContain(`(type ${type})`);
          expect(Number(first)).toBeLessThan(Number(second));
          expect(Number(second)).toBeLessThan(1_024);
          return `${first},${second}`;
        });
        expect(new Set(levels).size).toBe(1);
        // The kernel is told them in a word of 128 bytes.
        expect(Math.max(...labels.map((label) => label.length))).toBeLessThan(100);
      }),
    );
  });

  test('are others for another sandbox', () => {
    const all = Array.from({ length: 100 }, (_, at) => seLinuxLabels(`01jd${at}-test`).files);
    expect(new Set(all).size).toBeGreaterThan(95);
    expect(ofAnother(LABELS.files)).toBe('system_u:object_r:cofferdam_file_t:s0:c0.c1023');
  });
});

describe('the policy in force', () => {
  test('has no weakness when it refuses a job all that no job may do', () => {
    const asked: string[] = [];
    const ask: Asks = (source, target, kind, rights) => {
      asked.push(`${kind} ${target}`);
      expect(source).toBe(LABELS.job);
      expect(rights.length).toBeGreaterThan(0);
      return 'none';
    };
    expect(policyWeakness(LABELS, HOST, ask)).toBeUndefined();
    expect(asked).toContain(`process ${LABELS.init}`);
    expect(asked).toContain(`process ${HOST.starter}`);
    expect(asked).toContain(`file ${HOST.usr}`);
  });

  test('is weak with each one of these that it lets a job do', () => {
    let questions = 0;
    policyWeakness(LABELS, HOST, () => {
      questions += 1;
      return 'none';
    });
    expect(questions).toBeGreaterThan(10);
    for (let weak = 0; weak < questions; weak += 1)
      for (const answer of ['some', 'all'] as const) {
        let at = -1;
        const found = policyWeakness(LABELS, HOST, () => {
          at += 1;
          return at === weak ? answer : 'none';
        });
        expect(found).toMatch(/^a job may /);
      }
  });

  test('is weak when it only notes, or cannot be asked', () => {
    expect(policyWeakness(LABELS, HOST, () => 'only noted')).toContain('only noted');
    expect(policyWeakness(LABELS, HOST, () => undefined)).toContain('cannot be asked');
    const old: Asks = (_, __, kind) => (kind === 'bpf' || kind === 'perf_event' ? undefined : 'none');
    expect(policyWeakness(LABELS, HOST, old)).toBeUndefined();
    expect(policyWeakness(LABELS, HOST, NONE)).toBeUndefined();
  });
});

describe('what is seen of process 1 from outside', () => {
  const seen = (change: object = {}) =>
    labelCheck(LABELS, {
      state: 'enforces',
      contexts: [LABELS.init, LABELS.job],
      weakness: undefined,
      ...change,
    });

  test('is the wall, when SELinux is enforced and both its threads have the context meant for them', () => {
    expect(seen()).toMatchObject({ id: 'selinux', held: true, seen: `enforced: ${LABELS.job}` });
  });

  const other: SeLinuxLabels = seLinuxLabels('01je-test');
  test.each([
    ['nothing was read', { contexts: [] }],
    ['the job is not confined', { contexts: [LABELS.init, LABELS.init] }],
    ['process 1 is the job', { contexts: [LABELS.job] }],
    ['a thread is another sandbox\u2019s', { contexts: [LABELS.init, LABELS.job, other.job] }],
    ['a thread is unconfined', { contexts: [LABELS.init, LABELS.job, HOST.starter] }],
    ['SELinux only complains', { state: 'complains' }],
    ['SELinux is hidden', { state: 'hidden' }],
    ['the policy is weak', { weakness: 'a job may mount' }],
  ])('is nothing when %s', (_, change) => {
    expect(seen(change).held).toBe(false);
  });
});

test('a sandbox with a kernel of its own has no label, whatever the machine does', () => {
  expect(seLinuxWall({ containerId: 'x', ownKernel: true, rootless: false })).toEqual({ lack: 'own kernel' });
});
