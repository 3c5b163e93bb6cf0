import { expect, it } from 'vitest';
import { usesOf } from '../repository/read-part.ts';
import { ACTIONS_A_TO_D } from './popular-actions-a-to-d.ts';
import { ACTIONS_D_TO_Z } from './popular-actions-d-to-z.ts';
import { actionFacts } from './popular-actions.ts';

const rows = [...ACTIONS_A_TO_D.split('\n'), ...ACTIONS_D_TO_Z.split('\n')];

function facts(text: string, line = '') {
  const uses = usesOf({ text, at: {} });
  return uses.kind === 'repository' ? actionFacts(uses, line) : undefined;
}

it('the table has more than forty actions, in order, each row with five parts of plain words', () => {
  expect(new Set(rows.map((row) => row.split('|', 1)[0])).size).toBeGreaterThan(40);
  expect(rows).toEqual(rows.toSorted());
  for (const row of rows)
    expect(row).toMatch(
      /^[a-z\d._-]+(?:\/[a-z\d._-]+){1,2}\|\d+(?:,\d+)*\|(?:node\d+|composite|docker|plugin)\|(?:[\w.-]+[!~]*(?: |(?=\|)))*\|(?:\*|[\w.-]+(?: [\w.-]+)*)$/,
    );
});

it('each version of an action is in one row', () => {
  const seen = rows.flatMap((row) => {
    const [name = '', majors = ''] = row.split('|');
    return majors.split(',').map((major) => `${name}@${major}`);
  });
  expect(new Set(seen).size).toBe(seen.length);
});

it('every row can be found by its name and version', () => {
  for (const row of rows) {
    const [name = '', majors = '', using] = row.split('|');
    for (const major of majors.split(','))
      expect(facts(`${name}@v${major}`)?.using, `${name} ${major}`).toBe(using);
  }
});

it('a commit is known by the version in the comment behind it, and else not at all', () => {
  const commit = 'a'.repeat(40);
  expect(facts(`actions/checkout@${commit}`, `- uses: actions/checkout@${commit} # v4.2.2`)?.major).toBe(4);
  expect(facts(`actions/checkout@${commit}`, `- uses: actions/checkout@${commit}`)).toBeUndefined();
  expect(facts('actions/checkout@main')).toBeUndefined();
  expect(facts('somebody/else@v1')).toBeUndefined();
});
