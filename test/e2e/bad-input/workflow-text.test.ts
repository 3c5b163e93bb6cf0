import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from '../cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

const FILE = '.github/workflows/ci.yml';

function job(extra: string, steps = '      - run: "true"'): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${extra}    steps:\n${steps}\n`;
}

const ALIASES = `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghij']
  .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(', ')}]`)
  .join('\n')}\non: push\njobs: *j\n`;

const million = (name: string) =>
  `        ${name}: [${Array.from({ length: 1_000 }, (_, i) => i).join(', ')}]\n`;

/** What it holds, the text, and what the message must say besides its place. */
const WRONG: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['no YAML', 'on: push\njobs: [\n', /ci\.yml:\d+:\d+: .*cannot be read/],
  ['a tab as indentation', 'on: push\njobs:\n\ta: 1\n', /ci\.yml:\d+:\d+/],
  ['nothing', '', /empty/],
  ['only a comment', '# later\n', /ci\.yml/],
  ['a scalar', '42\n', /ci\.yml:1:1/],
  ['10 MB', `${job('')}# ${'x'.repeat(10_000_000)}`, /larger than/],
  ['10 MB of nested flow', '['.repeat(10_000_000), /larger than/],
  ['deep nesting', `on: push\njobs: ${'['.repeat(5_000)}${']'.repeat(5_000)}\n`, /ci\.yml/],
  ['an alias bomb', ALIASES, /ci\.yml:\d+/],
  ['an alias to itself', 'on: push\njobs: &j\n  a: *j\n', /ci\.yml:\d+/],
  ['a key twice', 'on: push\non: push\njobs: {}\n', /ci\.yml:2:1/],
  ['two documents', `${job('')}---\n${job('')}`, /more than one document/],
  ['a tag', `on: push\njobs: !!js/function "x"\n`, /ci\.yml:2/],
  ['bytes that are no text', Buffer.from([0x6f, 0x6e, 0x3a, 0xff, 0xfe, 0x0a]), /not UTF-8/],
  ['a NUL', 'on: push\0\njobs: {}\n', /NUL/],
  ['an unknown key', job('    runs_on: x\n'), /ci\.yml:5:5: .*runs_on/],
  ['an unknown key of a step', job('', '      - run: "true"\n        runs: "true"'), /ci\.yml:7:9: .*runs/],
  ['a need that does not exist', job('    needs: b\n'), /needs "b"/],
  [
    'a circle of needs',
    'on: push\njobs:\n  a: {runs-on: x, needs: b, steps: [{run: x}]}\n  b: {runs-on: x, needs: a, steps: [{run: x}]}\n',
    /a needs b needs a/,
  ],
  ['a need of itself', job('    needs: a\n'), /circle/],
  ['no steps', 'on: push\njobs:\n  a:\n    runs-on: x\n', /steps/],
  ['a step that does nothing', job('', '      - name: x'), /ci\.yml:6/],
  ['a step that does two things', job('', '      - run: x\n        uses: ./a'), /ci\.yml:6/],
  ['an expression that is not closed', job('', '      - run: echo ${{ github.ref'), /ci\.yml:6/],
  ['an expression of an unknown function', job('', '      - run: echo ${{ danger(1) }}'), /danger/],
  ['an action of somebody else', job('', '      - uses: evil/action@v1'), /ci\.yml:6:\d+: .*evil\/action/],
  ['a container', job('    container: node:20\n'), /ci\.yml:5:\d+: .*container/],
  ['a service', job('    services: {db: {image: x}}\n'), /ci\.yml:5:\d+: .*services/],
  ['a called workflow', 'on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n', /ci\.yml:4/],
  ['another runner', job('').replace('ubuntu-latest', 'windows-latest'), /windows-latest/],
];

describe('a workflow file', () => {
  test.each(WRONG)(
    'that holds %s is refused with one clear message before anything runs',
    async (_what, text, says) => {
      writeFileSync(join(repository, FILE), text);
      const started = Date.now();
      const ran = await place.run(['run', repository]);
      expect(ran.status, ran.stdout + ran.stderr).toBe(2);
      expect(ran.stderr).toMatch(says);
      expect(ran.stderr).toMatch(/^cofferdam: .*\n {2}fix: /);
      expect(ran.stderr).not.toMatch(/\n\s+at |node:internal|defect/);
      expect(ran.stderr.length).toBeLessThan(10_000);
      expect(readdirSync(join(place.state, 'runs'))).toEqual([]);
      expect(Date.now() - started).toBeLessThan(20_000);
    },
  );

  test('with a matrix of a million is refused before anything runs', async () => {
    writeFileSync(
      join(repository, FILE),
      job(`    strategy:\n      matrix:\n${million('x')}${million('y')}`),
    );
    const ran = await place.run(['run', repository]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stdout + ran.stderr).toMatch(/256/);
  });

  test.each([
    ['a link to a file elsewhere', () => symlinkSync('/etc/hostname', join(repository, FILE))],
    ['a folder', () => mkdirSync(join(repository, FILE))],
    ['a link to itself', () => symlinkSync('ci.yml', join(repository, FILE))],
  ])('that is %s is not read', async (_what, make) => {
    make();
    const ran = await place.run(['run', repository]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stderr).toContain('fix:');
    expect(ran.stderr).not.toContain('defect');
  });
});

const USES = job('', '      - uses: actions/checkout@v4\n      - run: "true"\n      - uses: ./outer');
const composite = (step: string): string => `runs: {using: composite, steps: [${step}]}\n`;

describe('a local action', () => {
  test.each([
    ['is a container', 'runs: {using: docker, image: Dockerfile}\n', /outer\/action\.yml:1:\d+: .*docker/],
    ['uses one of somebody else', composite('{uses: evil/action@v1}'), /outer\/action\.yml:1:\d+: .*evil/],
    ['uses one that is a container', composite('{uses: ./inner}'), /inner\/action\.yml:1:\d+: .*docker/],
    ['is no YAML', 'runs: [\n', /outer\/action\.yml:\d+/],
  ])('that %s is refused with its place before anything runs', async (_what, outer, says) => {
    writeFileSync(join(repository, FILE), USES);
    for (const [name, text] of [
      ['outer', outer],
      ['inner', 'runs: {using: docker, image: Dockerfile}\n'],
    ] as const) {
      mkdirSync(join(repository, name));
      writeFileSync(join(repository, name, 'action.yml'), text);
    }
    for (const command of ['plan', 'run']) {
      const ran = await place.run([command, repository]);
      expect(ran.status, ran.stdout + ran.stderr).toBe(2);
      expect(ran.stderr).toMatch(says);
    }
    expect(readdirSync(join(place.state, 'runs'))).toEqual([]);
  });

  test('that a step makes is read when it is reached', async () => {
    const made = `run: "mkdir outer && echo 'runs: {using: composite, steps: [{run: echo made, shell: sh}]}' > outer/action.yml"`;
    writeFileSync(join(repository, FILE), USES.replace('run: "true"', made));
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('made');
  });
});

describe('an event file', () => {
  test.each<[string, string]>([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a number', '7'],
    ['nothing', ''],
    ['nesting without end', '['.repeat(200_000)],
    ['another shape', '{"pull_request": 7}'],
    ['a prototype', '{"__proto__": {"pull_request": {}}, "pull_request": {"head": {"sha": "; rm -rf"}}}'],
  ])('that holds %s is refused with one clear message', async (_what, text) => {
    writeFileSync(join(repository, FILE), job('').replace('push', 'pull_request'));
    const payload = join(place.directory, 'payload.json');
    writeFileSync(payload, text);
    const ran = await place.run(['run', repository, '--event', 'pull_request', '--event-file', payload]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stderr).toMatch(/fix: /);
    expect(ran.stderr).not.toMatch(/defect|node:internal/);
  });

  test('of 100 MB is refused without being read whole', async () => {
    writeFileSync(join(repository, FILE), job(''));
    const payload = join(place.directory, 'payload.json');
    writeFileSync(payload, Buffer.alloc(100_000_000, 0x20));
    const ran = await place.run(['run', repository, '--event-file', payload]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/larger|JSON/);
  });
});
