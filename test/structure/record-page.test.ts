import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/audit/vocabulary.ts';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/record.md', root), 'utf8');
const source = readFileSync(new URL('src/audit/vocabulary.ts', root), 'utf8');

const rows = new Map(
  [...page.matchAll(/^\| `([a-z.]+)` \| (.+?) \| (.+) \|$/gm)].map((row) => [
    row[1] ?? '',
    (row[2] ?? '').split(' ').map((field) => field.replaceAll('`', '')),
  ]),
);

/** The fields of each event, read from its declaration: the top level of the braces that hold its type. */
function declared(): ReadonlyMap<string, readonly string[]> {
  const union = source.slice(
    source.indexOf('export type RecordEvent ='),
    source.indexOf('export type RecordEventType'),
  );
  const events = union.split(/\n {2}\| /).filter((part) => part.includes('readonly type:'));
  return new Map(
    events.map((part) => {
      const shared = /^\(In(Job|Step) & /.exec(part)?.[1];
      const nested = shared === undefined ? part : part.replace(/^\(In(?:Job|Step) & /, '');
      const names: string[] = [];
      let depth = 0;
      for (const token of nested.matchAll(/[{}]|readonly (\w+)\??:/g)) {
        if (token[0] === '{') depth += 1;
        else if (token[0] === '}') depth -= 1;
        else if (depth === 1 && token[1] !== 'type') names.push(token[1] ?? '');
      }
      const places = shared === 'Step' ? ['job', 'step'] : shared === 'Job' ? ['job'] : [];
      return [/readonly type: '([^']+)'/.exec(part)?.[1] ?? '', [...places, ...names]] as const;
    }),
  );
}

describe('docs/record.md', () => {
  it('names every event that there is, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual([...EVENT_TYPES].toSorted());
  });

  it.each([...declared()])('names the fields of %s', (type, fields) => {
    expect(rows.get(type)?.toSorted()).toEqual(fields.toSorted());
  });

  it('is held to all of the vocabulary', () => {
    expect([...declared().keys()].toSorted()).toEqual([...EVENT_TYPES].toSorted());
  });
});
