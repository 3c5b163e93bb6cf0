import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const top = resolve(import.meta.dirname, '../..');
const rooms = JSON.parse(readFileSync(join(top, 'setup/rooms.json'), 'utf8')) as string[];

function lint(room: string, line: string): { status: number | null; output: string } {
  const dir = mkdtempSync(join(tmpdir(), 'cofferdam-lint-'));
  try {
    mkdirSync(join(dir, 'src', room), { recursive: true });
    writeFileSync(join(dir, 'src', room, 'case.ts'), `${line}\n`);
    writeFileSync(join(dir, '.oxlintrc.json'), readFileSync(join(top, '.oxlintrc.json')));
    const run = spawnSync(
      process.execPath,
      [join(top, 'node_modules/oxlint/bin/oxlint'), '--config', '.oxlintrc.json', 'src'],
      { cwd: dir, encoding: 'utf8' },
    );
    return { status: run.status, output: run.stdout };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('the import order of the rooms', () => {
  it('refuses an import of a room further down the list', () => {
    const found = lint('egress', "export { a } from '../engine/index.ts';");
    expect(found.status).not.toBe(0);
    expect(found.output).toContain('Room egress may not import this room');
  });

  it('refuses one enforcing room importing another', () => {
    expect(lint('secrets', "export { a } from '../sandbox/index.ts';").output).toContain(
      'Room secrets may not',
    );
    expect(lint('sandbox', "export { a } from '../egress/index.ts';").output).toContain(
      'Room sandbox may not',
    );
  });

  it('refuses reaching into a room past its index', () => {
    expect(lint('engine', "export { a } from '../sandbox/plan.ts';").output).toContain(
      'only through its index.ts',
    );
  });

  it('allows an index of a room further up', () => {
    expect(lint('engine', "export { a } from '../sandbox/index.ts';").status).toBe(0);
  });

  it('covers every folder under src', () => {
    const folders = readdirSync(join(top, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) expect(rooms).toContain(folder.name);
  });

  it('is what setup/lint-config.mjs writes', () => {
    expect(() =>
      execFileSync(process.execPath, ['setup/lint-config.mjs', '--check'], { cwd: top }),
    ).not.toThrow();
  });
});
