import { expect, it } from 'vitest';
import { usesOf } from '../repository/read-part.ts';
import { ACTIONS_A_TO_C } from './popular-actions-a-to-c.ts';
import { ACTIONS_C_TO_J } from './popular-actions-c-to-j.ts';
import { ACTIONS_J_TO_Z } from './popular-actions-j-to-z.ts';
import { actionFacts } from './popular-actions.ts';

const rows = [ACTIONS_A_TO_C, ACTIONS_C_TO_J, ACTIONS_J_TO_Z].flatMap((part) => part.split('\n'));

function facts(text: string, line = '') {
  const uses = usesOf({ text, at: {} });
  return uses.kind === 'repository' ? actionFacts(uses, line) : undefined;
}

it('the table has more than a hundred and fifty actions, in order, each row with five parts of plain words', () => {
  expect(new Set(rows.map((row) => row.split('|', 1)[0])).size).toBeGreaterThan(150);
  expect(rows).toEqual(rows.toSorted());
  for (const row of rows)
    expect(row).toMatch(
      /^[a-z\d._-]+(?:\/[a-z\d._-]+){1,2}\|(?:\d+|[a-z]+)(?:,(?:\d+|[a-z]+))*\|(?:node\d+|composite|docker|plugin)\|(?:[\w.-]+[!~]*(?: |(?=\|)))*\|(?:\*|(?:[\w.-]+(?: [\w.-]+)*)?)$/,
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
      expect(facts(`${name}@${/^\d/.test(major) ? 'v' : ''}${major}`)?.using, `${name} ${major}`).toBe(using);
  }
});

it('a commit is known by the version in the comment behind it, and else not at all', () => {
  const commit = 'a'.repeat(40);
  expect(facts(`actions/checkout@${commit}`, `- uses: actions/checkout@${commit} # v4.2.2`)?.version).toBe(
    '4',
  );
  expect(facts(`actions/checkout@${commit}`, `- uses: actions/checkout@${commit}`)).toBeUndefined();
  expect(facts('actions/checkout@main')).toBeUndefined();
  expect(facts('somebody/else@v1')).toBeUndefined();
  expect(facts('pypa/gh-action-pypi-publish@release/v1')?.version).toBe('1');
  expect(facts('dtolnay/rust-toolchain@stable')?.inputs.some(({ required }) => required)).toBe(false);
});
