import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../../../src/base/index.ts';
import { jsonLine, wellFormedLine } from '../../../src/cli/render/json-line.ts';
import {
  type Facts,
  type Finding,
  fingerprints,
  type GatheredFile,
  judge,
  jsonReport,
  kindOf,
  lineAt,
  mendsOf,
  readRepository,
  sarifReport,
  type Sifted,
  shippedAdvisories,
  sift,
} from '../../../src/gate/index.ts';
import { reportSchema } from '../../../src/gate/report/json-schema.ts';

const ROOT = join(import.meta.dirname, '../../..');
const RULES = join(ROOT, 'src/gate/rules');
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const FIRST = '.github/workflows/case.yml';

/** What of a log the tests look at. */
interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly SarifRule[] } };
    readonly results: readonly Result[];
  }[];
}
interface SarifRule {
  readonly id: string;
  readonly properties: { readonly tags: readonly string[]; readonly 'security-severity': string };
  readonly help: { readonly text: string };
  readonly fullDescription: { readonly text: string };
}
interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: {
        readonly startLine: number;
        readonly startColumn: number;
        readonly endLine: number;
        readonly endColumn: number;
      };
    };
  }[];
  readonly codeFlows?: readonly {
    readonly threadFlows: readonly { readonly locations: readonly object[] }[];
  }[];
  readonly fixes?: readonly object[];
  readonly suppressions?: readonly object[];
}

const isSarif = (() => {
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const text = readFileSync(join(import.meta.dirname, 'sarif-schema-2.1.0.json'), 'utf8');
  // It is of draft 4, and uses nothing that draft 7 reads otherwise but its own name.
  const { $schema, id, ...schema } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  expect([$schema, id]).toEqual(['http://json-schema.org/draft-04/schema#', SCHEMA]);
  expect(text).not.toMatch(/"exclusive|"(?:\$?)dependencies"/);
  return ajv.compile(schema);
})();
const isReport = new Ajv2020({ allErrors: true }).compile(JSON.parse(reportSchema()) as object);

const gathered = (files: Readonly<Record<string, string>>): readonly GatheredFile[] =>
  Object.entries(files).map(([path, text]) => ({
    path,
    kind: kindOf(path) ?? 'workflow',
    read: ok(Buffer.from(text)),
  }));

interface Reports {
  readonly log: Log;
  readonly sifted: Sifted;
  readonly bytes: number;
}

/** Both reports of these files as `check` prints them, held against their schemas. */
async function reports(
  files: readonly GatheredFile[],
  facts?: Facts,
  more: readonly Finding[] = [],
): Promise<Reports> {
  const { findings, subject } = judge(await readRepository(files), undefined, facts);
  const { workflows, actions, dependabot } = subject.repository;
  const sources = [...workflows, ...actions, ...dependabot].map(({ source }) => source);
  const sifted = await sift(sources, [...findings, ...more], '2026-11-25');
  const lineOf = ({ at }: Finding): string => {
    const source = sources.find(({ path }) => path === at.file);
    return source === undefined ? '' : lineAt(source, at.line);
  };
  const prints = fingerprints(
    [...sifted.findings, ...sifted.suppressed.map(({ finding }) => finding)],
    lineOf,
  );
  const mends = await mendsOf(subject, sifted.findings);
  const text = wellFormedLine(jsonLine(sarifReport(sifted, { prints, mends, version: '0.1.0' })));
  expect(text.isWellFormed()).toBe(true);
  expect(text.replaceAll('\\\\', '')).not.toMatch(/(?<!\\ud[89ab]..)\\ud[c-f]..|\\ud[89ab]..(?!\\ud[c-f])/);
  const log = JSON.parse(text) as Log;
  expect(isSarif(log), JSON.stringify(isSarif.errors?.slice(0, 3))).toBe(true);
  const report: unknown = JSON.parse(
    wellFormedLine(jsonLine(jsonReport(sifted, { files: files.length, prints, mends }))),
  );
  expect(isReport(report), JSON.stringify(isReport.errors?.slice(0, 3))).toBe(true);
  holds(log);
  return { log, sifted, bytes: text.length };
}

/** What the specification and GitHub ask for beyond the schema. */
function holds({ runs }: Log): void {
  const [{ tool, results } = { tool: { driver: { rules: [] } }, results: [] }] = runs;
  const { rules } = tool.driver;
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { properties, help, fullDescription } of rules) {
    // GitHub refuses a file with more than 20 tags of a rule, and shows ten.
    expect(properties.tags.length).toBeLessThanOrEqual(10);
    expect(properties['security-severity']).toMatch(/^\d\.\d$/);
    expect(help.text.length * fullDescription.text.length).toBeGreaterThan(0);
    expect(fullDescription.text.length).toBeLessThanOrEqual(1024);
  }
  for (const { ruleId, ruleIndex, locations, partialFingerprints, codeFlows = [] } of results) {
    expect(rules[ruleIndex]?.id).toBe(ruleId);
    expect(partialFingerprints['cofferdamFinding/v1']).toMatch(/^sha256:[0-9a-f]{64}$/);
    for (const { physicalLocation } of locations) {
      const { region, artifactLocation } = physicalLocation;
      expect(region.endLine).toBeGreaterThanOrEqual(region.startLine);
      if (region.endLine === region.startLine)
        expect(region.endColumn).toBeGreaterThanOrEqual(region.startColumn);
      expect(artifactLocation.uri).toMatch(/^[\w\-.~!*'()%/]+$/);
    }
    // GitHub shows a thousand places of a way.
    for (const { threadFlows } of codeFlows)
      for (const flow of threadFlows) expect(flow.locations.length).toBeLessThanOrEqual(1_000);
  }
}

interface Case {
  readonly workflow?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly refs?: Readonly<Record<string, object>>;
  readonly uses?: object;
}

describe('SARIF and JSON are valid by their schemas', () => {
  it('where nothing was found, and where there is nothing', async () => {
    expect((await reports([])).log.runs[0]?.results).toEqual([]);
    const quiet = 'on: push\npermissions: {}\njobs: {}\n';
    await reports(gathered({ [FIRST]: quiet }));
  });

  const seen = { rules: new Set<string>(), flows: 0, fixes: 0 };
  it.each(readdirSync(RULES))('of each case of %s', async (id) => {
    const cases = parse(readFileSync(join(RULES, id, 'cases.yaml'), 'utf8')) as readonly Case[];
    const { date, advisories: list } = shippedAdvisories();
    for (const one of cases) {
      const facts = {
        refs: new Map(Object.entries(one.refs ?? {})),
        advisories: { date, list },
        ...(one.uses !== undefined && { uses: one.uses }),
      } as unknown as Facts;
      const { log } = await reports(gathered(one.files ?? { [FIRST]: one.workflow ?? '' }), facts);
      for (const result of log.runs[0]?.results ?? []) {
        seen.rules.add(result.ruleId);
        seen.flows += result.codeFlows?.length ?? 0;
        seen.fixes += result.fixes?.length ?? 0;
      }
    }
  });

  it('and among these are findings of every rule, ways and mends', () => {
    for (const id of readdirSync(RULES)) expect(seen.rules, id).toContain(id);
    for (const number of [seen.flows, seen.fixes]) expect(number).toBeGreaterThan(10);
  });

  it('with suppressions, rules of one\u2019s own and findings about comments', async () => {
    const bad = (comment: string): string =>
      `on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: 5\n    steps:\n      - run: echo \${{ github.event.issue.title }} # ${comment}\n`;
    const own: Finding = {
      rule: 'own/our-labels',
      severity: 'low',
      confidence: 'high',
      persona: 'default',
      at: { file: '.github/workflows/a.yml', line: 1, column: 1, length: 1 },
      message: 'x',
      fix: 'y',
    };
    const { log, sifted } = await reports(
      gathered({
        '.github/workflows/a.yml': bad('cofferdam: ignore[template-injection] the runner is thrown away'),
        '.github/workflows/b.yml': bad('cofferdam: ignore[template-injection]'),
        '.github/workflows/c.yml': bad('zizmor: ignore[template-injection]'),
      }),
      undefined,
      [own],
    );
    expect(sifted.suppressed.length).toBe(2);
    const results = log.runs[0]?.results ?? [];
    expect(results.filter(({ suppressions }) => suppressions !== undefined).length).toBe(2);
    expect(results.map(({ ruleId }) => ruleId)).toEqual(
      expect.arrayContaining(['own/our-labels', 'suppression']),
    );
  });

  it('of what ends on another line than it begins on', async () => {
    const text =
      'on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          echo ${{ github.event.issue.title\n            || 1 }}\n';
    const { log } = await reports(gathered({ [FIRST]: text }));
    const result = log.runs[0]?.results.find(({ ruleId }) => ruleId === 'template-injection');
    expect(result?.locations[0]?.physicalLocation.region).toEqual({
      startLine: 7,
      startColumn: 16,
      endLine: 8,
      endColumn: 20,
    });
  });

  it('whatever a stranger calls things: controls, directions, halves of characters, and more than fits anywhere', async () => {
    const hostile = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '\u202e',
            '\u0000',
            '\u001b[31m',
            '\ud800',
            '\udfff',
            '"',
            '\\',
            '%',
            '::',
            '\n',
            '\u2028',
            '#?&',
            ' ',
          ),
          fc.string({ unit: 'binary', maxLength: 4 }),
        ),
        { minLength: 1, maxLength: 8 },
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(hostile, hostile, fc.constantFrom(1, 1, 1, 5_000), async (name, file, times) => {
        const long = JSON.stringify(name.repeat(times));
        const path = `.github/workflows/${file.replaceAll('/', '')}.yml`;
        const text = `on: [issues, ${long}]\njobs:\n  ? ${long}\n  : { runs-on: ${long}, needs: [${long}], steps: [{ uses: ${long} }, { run: "echo \${{ github.event.issue.title }}", name: ${long} }] }\n`;
        const { log } = await reports([{ path, kind: 'workflow', read: ok(Buffer.from(text)) }]);
        expect(log.runs[0]?.results.length).toBeGreaterThan(0);
        for (const { locations } of log.runs[0]?.results ?? [])
          for (const { physicalLocation } of locations)
            expect(decodeURIComponent(physicalLocation.artifactLocation.uri)).toBe(path.toWellFormed());
      }),
      { numRuns: 80 },
    );
  }, 120_000);
});

describe('a fingerprint', () => {
  const lines = [
    'on: issues',
    'jobs:',
    '  a:',
    '    runs-on: x',
    '    steps:',
    '      - run: echo ${{ github.event.issue.title }}',
    '      - run: echo ${{ github.event.issue.title }}',
    '      - uses: actions/checkout@v4',
    '  b:',
    '    runs-on: x',
    '    steps:',
    '      - run: echo ${{ github.event.issue.title }}',
  ];
  const printsOf = async (text: string): Promise<readonly string[]> =>
    ((await reports(gathered({ [FIRST]: text }))).log.runs[0]?.results ?? [])
      .map(({ partialFingerprints }) => partialFingerprints['cofferdamFinding/v1'] ?? '')
      .toSorted();
  let before: readonly string[] = [];
  beforeAll(async () => {
    before = await printsOf(`${lines.join('\n')}\n`);
  });

  it('is of one finding alone, and stays when lines move', async () => {
    expect(before.length).toBeGreaterThan(8);
    expect(new Set(before).size).toBe(before.length);
    const filler = fc.array(fc.constantFrom('', '# a comment', '   ', '  # another'), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(filler, { minLength: 12, maxLength: 12 }), async (between) => {
        const text = lines.flatMap((line, at) => [...(between[at] ?? []), line]).join('\n');
        expect(await printsOf(`${text}\n`)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('is another where the line says something else', async () => {
    const after = await printsOf(`${lines.join('\n').replace('echo ${{', 'printf ${{')}\n`);
    expect(after).not.toEqual(before);
  });
});

it('the schema of the report in schema/ is the one that the product is held against (npm run reference writes it)', () => {
  expect(readFileSync(join(ROOT, 'schema/check-report.schema.json'), 'utf8')).toBe(reportSchema());
});
