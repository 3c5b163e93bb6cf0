import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../config/index.ts';
import { profileOf } from '../profiles/index.ts';
import { labelCheck } from './label-check.ts';
import { appArmorNames, appArmorProfiles, stacked } from './profile.ts';

const NAMES = appArmorNames('01jd-test');

describe('the AppArmor profiles of a sandbox', () => {
  test('are the reviewed text, word for word', async () => {
    const places = ['/tmp', '/home/runner', '/home/runner/work/project', '/srv/a b{c}'];
    await expect(appArmorProfiles(NAMES, places)).toMatchFileSnapshot('profile.golden');
  });

  test.each(PROFILES)('of a job with profile %s are the reviewed text, word for word', async (name) => {
    const text = appArmorProfiles(NAMES, ['/tmp'], profileOf(name));
    await expect(text).toMatchFileSnapshot(`profile-${name}.golden`);
  });

  test('let the job write nowhere when no place is named', () => {
    const text = appArmorProfiles(NAMES, []) ?? '';
    const rules = text.split('\n').filter((line) => /^ {2}\S+ [a-z]*[wl]/.test(line));
    expect(rules.map((rule) => rule.trim().split('/')[1])).toEqual(['dev', 'dev']);
  });

  test('take the name of a place as it is, or are not made at all', () => {
    const hostile = ['/a"b', '/a\\b', '/a\nb', '/a\u0007', 'relative', '', '/\uFFFD'];
    for (const path of hostile) expect(appArmorProfiles(NAMES, [path]), path).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (name) => {
        const text = appArmorProfiles(NAMES, [`/${name}`]);
        if (text === undefined) return;
        // One quoted word a rule, and nothing in it that the language gives a meaning.
        const rules = text.split('\n').filter((line) => line.startsWith('  "'));
        expect(rules).toHaveLength(2);
        for (const rule of rules) expect(rule).toMatch(/^ {2}"[^"]*" wl?,$/);
        const plain = (rules[0] ?? '')
          .replace('{,/}" w,', '')
          .slice(3)
          .replace(/\\[*?[\]{}^,@$()!|+]/g, '');
        expect(plain).not.toMatch(/[*?[\]{}^@]/);
      }),
    );
  });
});

describe('what the labels of process 1 prove', () => {
  const [own, both] = [`${NAMES.init} (enforce)`, `${stacked(NAMES)} (enforce)`];

  test('is the wall, when both its threads have the profile meant for them', () => {
    expect(labelCheck(NAMES, [own, both])).toMatchObject({ held: true, seen: 'enforced' });
  });

  test.each([
    ['nothing was read', []],
    ['it is not confined', ['unconfined', 'unconfined']],
    ['the job is not confined', [own, own]],
    ['the job is confined by less', [own, `${NAMES.job} (enforce)`]],
    ['a profile only complains', [own, `${stacked(NAMES)} (complain)`]],
    ['one thread is left out', [own, both, 'unconfined']],
    ['it is another sandbox\u2019s', [own, both.replace('01jd', '01je')]],
  ])('is nothing when %s', (_, labels) => {
    expect(labelCheck(NAMES, labels).held).toBe(false);
  });
});
