import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from '../e2e/cofferdam.fixture.ts';

// Needs the registries of this machine's clients: run by `npm run test:network`. No host of them stands here: what is learned
// is each client's own word.
let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

const home = process.env['HOME'] ?? homedir();
const env = {
  HOME: home,
  ...(process.env['NODE_EXTRA_CA_CERTS'] !== undefined && {
    NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'],
  }),
};

interface Ecosystem {
  readonly name: string;
  readonly preset: string;
  /** What it needs on the machine; the suite fails where it is missing. */
  readonly client: readonly [string, ...string[]];
  readonly files: Readonly<Record<string, string>>;
  readonly command: string;
  /** Said by what was built. */
  readonly works: RegExp;
  readonly more?: readonly string[];
}

/** Where Rust is: outside of /usr as a rule, and then to be shown. */
const RUST = execFileSync('sh', ['-c', 'rustc --print sysroot'], { encoding: 'utf8' }).trim();

const POM = `<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version>
<dependencies><dependency><groupId>commons-lang</groupId><artifactId>commons-lang</artifactId><version>2.6</version></dependency></dependencies></project>`;

const ECOSYSTEMS: readonly Ecosystem[] = [
  {
    name: 'npm',
    preset: '@npm',
    client: ['npm', '--version'],
    files: { 'package.json': '{"name":"p","version":"1.0.0","dependencies":{"commander":"14.0.0"}}' },
    command:
      'npm install --no-fund --no-audit --fetch-retries=0 && node -e "console.log(typeof require(\'commander\').Command)"',
    works: /^function$/m,
  },
  {
    name: 'pip',
    preset: '@pypi',
    client: ['/usr/bin/python3', '-m', 'pip', '--version'],
    files: {},
    command:
      '/usr/bin/pip3 install --no-cache-dir --retries 0 --no-build-isolation --target=out six==1.16.0 && PYTHONPATH=out /usr/bin/python3 -c "import six; print(six.__version__)"',
    works: /^1\.16\.0$/m,
  },
  {
    name: 'go',
    preset: '@go',
    client: ['go', 'version'],
    files: {
      'go.mod': 'module t\n\ngo 1.21\n\nrequire rsc.io/quote v1.5.2\n',
      'main.go':
        'package main\n\nimport (\n\t"fmt"\n\t"rsc.io/quote"\n)\n\nfunc main() { fmt.Println(quote.Go()) }\n',
    },
    command: 'go mod tidy && go run .',
    works: /communicating/,
  },
  {
    name: 'cargo',
    preset: '@cargo',
    client: ['cargo', '--version'],
    files: {
      'Cargo.toml':
        '[package]\nname = "t"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nitoa = "1.0"\n',
      'src/main.rs': 'fn main() { println!("{}", itoa::Buffer::new().format(42)); }\n',
    },
    command: `PATH=${RUST}/bin:$PATH cargo run --quiet`,
    works: /^42$/m,
    more: RUST.startsWith('/usr') ? [] : ['--read', RUST],
  },
  {
    name: 'maven',
    preset: '@maven',
    client: ['mvn', '--version'],
    files: { 'pom.xml': POM },
    command:
      'mvn -q -B -Dmaven.repo.local=repository dependency:resolve && ls repository/commons-lang/commons-lang/2.6',
    works: /commons-lang-2\.6\.jar/,
  },
];

describe('from an empty policy, what a first run was denied makes the second one green', () => {
  test.each(ECOSYSTEMS)('for $name', async ({ preset, client, files, command, works, more = [] }) => {
    const [program, ...args] = client;
    execFileSync(program, args, { stdio: 'ignore' });
    const project = join(place.directory, 'project');
    mkdirSync(join(project, 'src'), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(project, name), content);
    const policy = join(place.directory, 'policy.yaml');
    writeFileSync(policy, 'version: 1\nzones: {untrusted: {egress: {allow: []}}}\n');
    const run = () =>
      place.run(
        ['exec', '--workdir', project, '--allow-from', policy, ...more, '--', 'bash', '-ec', command],
        {
          env,
        },
      );
    const first = await run();
    expect(first.status, first.stdout).not.toBe(0);
    expect(first.stderr).toContain('! denied');
    const learned = await place.run(['policy', 'learn', '--file', policy, '--write'], { env });
    const text = readFileSync(policy, 'utf8');
    expect(text, learned.stdout).toContain(preset);
    // By the client and no other program, and only to read.
    expect(text).toMatch(/programs:\n +- /);
    expect(text).toMatch(/methods:\n +- GET\n +- HEAD/);
    const second = await run();
    expect(second.status, `${text}${second.stderr}${second.stdout}`).toBe(0);
    expect(second.stdout).toMatch(works);
    expect(second.stderr).toContain('PASSED  0 denied');
    expect(existsSync(join(project, 'out'))).toBe(false);
  });
});

describe('what was learned for npm', () => {
  // Each attempt first under the registry as a whole, where it must succeed.
  const learned = (text: string): string => `version: 1\nzones: {untrusted: {egress: {allow: ${text}}}}\n`;
  const npm = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
  const node = '/usr/bin/node';
  const byNpm = `[{to: "@npm", methods: [GET, HEAD], programs: [{run: ${node}, script: ${npm}, jit: true}]}]`;
  const attempts: readonly (readonly [string, string, RegExp])[] = [
    [
      'the script of a package asks the registry itself',
      `fetch(process.env.npm_config_registry).then((r) => console.log('GOT', r.status))`,
      /its entries are for other programs/,
    ],
    [
      'the script of a package has npm ask for it',
      `console.log(require('child_process').execFileSync('npm', ['view', 'commander@14.0.0', 'version', '--prefer-online', '--fetch-retries=0', '--cache=' + require('os').tmpdir() + '/another']).toString().replace('14', 'GOT 14'))`,
      /what that starts does not count/,
    ],
  ];

  test.each(attempts)('does not help where %s', async (_, script, why) => {
    const project = join(place.directory, 'project');
    mkdirSync(project);
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        name: 'p',
        version: '1.0.0',
        dependencies: { commander: '14.0.0' },
        scripts: { postinstall: 'node post.js' },
      }),
    );
    writeFileSync(join(project, 'post.js'), script);
    const policy = join(place.directory, 'policy.yaml');
    const run = (text: string, command: string) => {
      writeFileSync(policy, learned(text));
      return place.run(['exec', '--workdir', project, '--allow-from', policy, '--', 'bash', '-ec', command], {
        env,
      });
    };
    const install = 'npm install --no-audit --no-fund --foreground-scripts --fetch-retries=0';
    const open = await run('["@npm"]', install);
    expect(open.stdout, open.stderr).toContain('GOT');
    const closed = await run(byNpm, install);
    expect(closed.stdout).not.toContain('GOT');
    expect(closed.stderr).toMatch(why);
  });

  test('does not let anything be sent there', async () => {
    const project = join(place.directory, 'project');
    mkdirSync(project);
    writeFileSync(
      join(project, 'package.json'),
      '{"name":"p","version":"1.0.0","dependencies":{"commander":"14.0.0"}}',
    );
    const policy = join(place.directory, 'policy.yaml');
    writeFileSync(policy, learned(byNpm));
    const ran = await place.run(
      [
        'exec',
        '--workdir',
        project,
        '--allow-from',
        policy,
        '--',
        'bash',
        '-c',
        'npm install --no-audit --no-fund && npm audit --fetch-retries=0',
      ],
      { env },
    );
    expect(ran.stderr).toMatch(/! denied {2}request {2}POST \S+/);
  });
});

test('a JVM trusts the authority of a run by its ordinary settings, and without them it does not', async () => {
  const project = join(place.directory, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'pom.xml'), POM);
  const command =
    'mvn -q -B -Dmaven.repo.local=repository help:evaluate -Dexpression=project.version -DforceStdout && echo resolved';
  const run = (before: string) =>
    place.run(
      [
        'exec',
        '--workdir',
        project,
        '--allow',
        'GET,HEAD @maven',
        '--',
        'bash',
        '-ec',
        `${before}${command}`,
      ],
      { env },
    );
  const without = await run('unset JAVA_TOOL_OPTIONS; ');
  expect(without.status).not.toBe(0);
  expect(without.stderr).toContain('has a store of its own');
  const ran = await run('');
  expect(ran.status, ran.stderr + ran.stdout).toBe(0);
  expect(ran.stdout).toContain('resolved');
  expect(ran.stderr).toContain('PASSED  0 denied');
});
