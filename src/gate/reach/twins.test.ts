import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { RULES } from '../rules.ts';
import { type Origin, reach } from './reach.ts';

interface Twins {
  readonly name: string;
  readonly from: Origin;
  readonly to: string;
  /** By path; a name alone is a workflow. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the way begins, and where it ends. */
  readonly source: string;
  readonly sink: string;
  /** The rules that find it, with severity high; the flow of one of them begins at the source. */
  readonly rules: readonly string[];
  /** What makes it safe, and nothing else changes. */
  readonly safe: readonly {
    readonly why: string;
    readonly file: string;
    readonly replace: string;
    readonly by: string;
  }[];
}

const TWINS = parse(readFileSync(join(import.meta.dirname, 'twins.yaml'), 'utf8')) as readonly Twins[];

async function look({ from, to }: Twins, files: Readonly<Record<string, string>>) {
  const repository = await readRepository(
    Object.entries(files).map(([path, text]) => ({
      path: path.includes('/') ? path : `.github/workflows/${path}`,
      kind: path.endsWith('action.yml') ? ('action' as const) : ('workflow' as const),
      read: ok(Buffer.from(text)),
    })),
  );
  expect(repository.unread).toEqual([]);
  const { subject, findings } = judge(repository, RULES);
  expect(findings.filter(({ rule }) => rule === 'workflow-syntax' || rule === 'undefined-reference')).toEqual(
    [],
  );
  const { ways, unreached } = reach(subject, from, to);
  const place = ({ at }: { readonly at: { readonly file: string; readonly line: number } }) =>
    `${at.file.split('/').at(-1)}:${at.line}`;
  return {
    ends: ways.map(({ hops }) => [hops[0], hops.at(-1)].map((hop) => (hop === undefined ? '' : place(hop)))),
    why: unreached.map(({ why }) => why),
    high: findings.filter(({ severity }) => severity === 'high').map(({ rule }) => rule),
    sources: findings.flatMap(({ rule, flow }) =>
      flow?.[0] === undefined ? [] : [`${rule} ${place(flow[0])}`],
    ),
  };
}

it('each repository has a twin', () => {
  expect(TWINS.length).toBeGreaterThan(8);
  for (const { safe } of TWINS) expect(safe.length).toBeGreaterThan(0);
});

describe.each(TWINS)('$name', (twins) => {
  it('is a way from where the stranger begins to where the secret is held', async () => {
    const { ends, high, sources } = await look(twins, twins.files);
    expect(ends).toContainEqual([twins.source, twins.sink]);
    expect(high).toEqual(expect.arrayContaining([...twins.rules]));
    for (const rule of twins.rules) expect(sources).toContain(`${rule} ${twins.source}`);
  });

  it.each(twins.safe)('is none where $why', async ({ file, replace, by }) => {
    const text = twins.files[file] ?? '';
    expect(text).toContain(replace);
    const { ends, why, high } = await look(twins, {
      ...twins.files,
      [file]: text.replace(replace, () => by),
    });
    expect(ends).toEqual([]);
    expect(why.length).toBeGreaterThan(0);
    expect(high.filter((rule) => twins.rules.includes(rule))).toEqual([]);
  });
});
