import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const NAME = 'cli-commands-check';
const top = mkdtempSync(join(tmpdir(), 'compiled-'));
afterAll(() => rmSync(top, { recursive: true }));

/** As the launcher gives them. */
const FLAGS = execFileSync(
  'sh',
  ['-c', '. "$1/setup/ready.sh" && cd_need_node && echo "$CD_CHECK_FLAGS"', 'sh', ROOT],
  {
    encoding: 'utf8',
  },
)
  .trim()
  .split(' ');

const repository = join(top, 'repository');
mkdirSync(join(repository, '.github/workflows'), { recursive: true });
writeFileSync(
  join(repository, '.github/workflows/a.yml'),
  "on: issues\njobs: { a: { runs-on: ubuntu-latest, steps: [ { run: 'echo ${{ github.event.issue.title }}' } ] } }\n",
);

function node(args: readonly string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args],
      { env: { XDG_CACHE_HOME: join(top, 'cache') } },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** A copy of the build, changed. */
function build(name: string, change: (code: string) => void): string {
  const folder = join(top, name);
  cpSync(join(ROOT, 'dist'), folder, { recursive: true });
  change(join(folder, `${NAME}.code`));
  return folder;
}

/** Whether V8 takes the code of a build, under these flags. */
async function taken(folder: string, flags: readonly string[]): Promise<string> {
  const source = `console.log((await import(${JSON.stringify(join(folder, `${NAME}.mjs`))})).isAhead)`;
  return (await node([...flags, '--input-type=module', '-e', source])).stdout.trim();
}

describe('the code of check that is compiled ahead', () => {
  it('is taken by V8 with the flags that the launcher gives, and not with others that matter to it', async () => {
    expect(await taken(join(ROOT, 'dist'), FLAGS)).toBe('true');
    expect(await taken(join(ROOT, 'dist'), ['--no-lazy'])).toBe('false');
  });

  it('loads what it needs later without a word', async () => {
    writeFileSync(join(repository, 'cofferdam.yaml'), 'version: 1\n');
    const args = ['check', '--no-cache', '--json', repository];
    const ran = await node([...FLAGS, join(ROOT, 'dist/cofferdam.mjs'), ...args]);
    expect(ran).toMatchObject({ status: 1, stderr: '' });
    expect(ran.stdout).toContain('"mend":');
  });

  it('changes nothing of what is told: without it, cut off, emptied, or of another bundle', async () => {
    const check = (folder: string): ReturnType<typeof node> =>
      node([...FLAGS, join(folder, 'cofferdam.mjs'), 'check', '--no-cache', repository]);
    const expected = await check(join(ROOT, 'dist'));
    expect(expected).toMatchObject({ status: 1, stderr: '' });
    expect(expected.stdout).toContain('high[template-injection]');
    const builds = [
      build('without', (code) => rmSync(code)),
      build('cut', (code) => truncateSync(code, 100_000)),
      build('emptied', (code) => truncateSync(code, 0)),
      build('text', (code) => writeFileSync(code, 'x'.repeat(1_000_000))),
      build('other', (code) => {
        const bundle = code.replace(/code$/, 'cjs');
        writeFileSync(bundle, `${readFileSync(bundle, 'utf8')}\n// another`);
      }),
    ];
    for (const folder of builds) expect(await taken(folder, FLAGS), folder).toBe('false');
    for (const folder of builds) expect(await check(folder), folder).toEqual(expected);
  });
});
