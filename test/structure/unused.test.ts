import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const top = resolve(import.meta.dirname, '../..');

/** What `npm run check` finds unused in a project of two files, the second of which is given. */
function unused(second: string): { status: number | null; output: string } {
  const dir = mkdtempSync(join(tmpdir(), 'cofferdam-unused-'));
  try {
    copyFileSync(join(top, 'knip.json'), join(dir, 'knip.json'));
    writeFileSync(join(dir, 'package.json'), '{"name":"case","type":"module"}');
    mkdirSync(join(dir, 'src/cli'), { recursive: true });
    writeFileSync(join(dir, 'src/cli/main.ts'), "import { used } from './second.ts';\nused();\n");
    writeFileSync(join(dir, 'src/cli/second.ts'), second);
    const run = spawnSync(
      process.execPath,
      [join(top, 'node_modules/knip/bin/knip.js'), '--include', 'files,exports,types'],
      { cwd: dir, encoding: 'utf8' },
    );
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('the check for what is unused', () => {
  const used = 'export function used(): void {}\n';

  it('passes where everything is used', () => {
    expect(unused(used)).toMatchObject({ status: 0 });
  });

  it('fails on a function, and on a type, that nothing imports', () => {
    const called = unused(`${used}export function forgotten(): void {}\n`);
    expect(called).toMatchObject({ status: 1 });
    expect(called.output).toContain('forgotten');
    expect(unused(`${used}export type Forgotten = string;\n`)).toMatchObject({ status: 1 });
  });
});
