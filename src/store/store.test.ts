import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { abandonedRuns, createRun, dropOldChanges, findRun, finishRun, listRuns } from './runs.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

const A = '01JDAAAAAAAAAAAAAAAAAAAAAA';
const B = '01JDBBBBBBBBBBBBBBBBBBBBBB';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function state(): StateFolder {
  const opened = openStateFolder({ COFFERDAM_STATE: join(folder, 'state') });
  if (!opened.ok) throw new Error(opened.error.why);
  return opened.value;
}

describe('what runs kept of their workspaces', () => {
  test('is dropped when enough newer runs kept something, and never of a run that still goes', () => {
    const place = state();
    const ids = [...'123456'].map((digit) => A.slice(0, -1) + digit);
    const runs = ids.map((id) => createRun(place, id));
    for (const [index, run] of runs.entries()) {
      mkdirSync(join(run.changes, 'exec'));
      if (index !== 3) writeFileSync(join(run.changes, 'exec/file'), '');
      if (index !== 0) writeFileSync(join(run.directory, 'owner'), '1 0\n');
    }
    dropOldChanges(place, 2);
    expect(runs.map((run) => existsSync(run.changes))).toEqual([true, false, false, true, true, true]);
  });
});

describe('the state folder', () => {
  test('follows COFFERDAM_STATE, then XDG_STATE_HOME, then HOME', () => {
    for (const [environment, expected] of [
      [{ COFFERDAM_STATE: join(folder, 'a'), XDG_STATE_HOME: join(folder, 'b'), HOME: folder }, 'a'],
      [{ XDG_STATE_HOME: join(folder, 'b'), HOME: folder }, 'b/cofferdam'],
      [{ HOME: folder }, '.local/state/cofferdam'],
    ] as const) {
      const opened = openStateFolder(environment);
      expect(opened.ok && opened.value.directory).toBe(join(folder, expected));
    }
  });

  test('is refused when others may write to it, when it is a link, and when its path is relative', () => {
    state();
    chmodSync(join(folder, 'state/runs'), 0o777);
    expect(openStateFolder({ COFFERDAM_STATE: join(folder, 'state') }).ok).toBe(false);
    symlinkSync('/tmp', join(folder, 'link'));
    expect(openStateFolder({ COFFERDAM_STATE: join(folder, 'link') }).ok).toBe(false);
    expect(openStateFolder({ COFFERDAM_STATE: 'state' }).ok).toBe(false);
    expect(openStateFolder({}).ok).toBe(false);
  });
});

describe('a state folder that somebody else could have made', () => {
  const OTHER = 65_533;
  const opened = (path: string) => openStateFolder({ COFFERDAM_STATE: join(folder, path) });

  test('is refused: in a folder of theirs in a shared one, behind a link of theirs, in one where all may rename', () => {
    mkdirSync(join(folder, 'shared'));
    chmodSync(join(folder, 'shared'), 0o1777);
    expect(opened('shared/ours/state').ok).toBe(true);
    mkdirSync(join(folder, 'shared/theirs'));
    chownSync(join(folder, 'shared/theirs'), OTHER, OTHER);
    expect(opened('shared/theirs/state')).toMatchObject({ ok: false, error: { rule: 'state/unsafe' } });
    expect(existsSync(join(folder, 'shared/theirs/state'))).toBe(false);
    symlinkSync(join(folder, 'shared/ours'), join(folder, 'link'));
    expect(opened('link/state').ok).toBe(true);
    lchownSync(join(folder, 'link'), OTHER, OTHER);
    expect(opened('link/state')).toMatchObject({ ok: false, error: { rule: 'state/unsafe' } });
    chmodSync(join(folder, 'shared'), 0o777);
    expect(opened('shared/ours/state')).toMatchObject({ ok: false, error: { rule: 'state/unsafe' } });
  });
});

describe('runs', () => {
  test('are found by their id, a part that fits one, or as the latest', () => {
    const at = state();
    createRun(at, A);
    createRun(at, B);
    expect(listRuns(at).map((run) => run.id)).toEqual([B, A]);
    for (const [asked, id] of [
      [A, A],
      ['01jdb', B],
      ['AAAA', A],
      ['latest', B],
    ] as const) {
      const found = findRun(at, asked);
      expect(found.ok && found.value.id).toBe(id);
    }
    expect(findRun(at, '01JD').ok).toBe(false);
    expect(findRun(at, '../../etc').ok).toBe(false);
  });

  test('are their process\u2019s from their first moment: another run that begins meanwhile clears nothing away', () => {
    const at = state();
    const made = new Set<string>();
    const watch = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
         const steps = []; const { mkdirSync, writeFileSync } = fs;
         fs.mkdirSync = (path, options) => { mkdirSync(path, options); steps.push(path.split('/').slice(-2).join('/')); };
         fs.writeFileSync = (path, ...rest) => { writeFileSync(path, ...rest); steps.push(path.split('/').slice(-2).join('/')); };
         syncBuiltinESMExports();
         const { createRun } = await import('./runs.ts');
         createRun({ runs: ${JSON.stringify(at.runs)}, running: ${JSON.stringify(at.running)} }, ${JSON.stringify(B)});
         process.stdout.write(steps.join(' '));`,
      ],
      { cwd: import.meta.dirname, encoding: 'utf8' },
    );
    for (const step of watch.stdout.split(' ')) made.add(step);
    expect([...made].slice(0, 2)).toEqual([`runs/${B}`, `${B}/owner`]);
    expect(made.has(`running/${B}`)).toBe(true);
  });

  test('are abandoned when their process is gone, and not while it lives', () => {
    const at = state();
    const run = createRun(at, A);
    expect(abandonedRuns(at)).toEqual([]);
    writeFileSync(join(run.directory, 'owner'), '1 0\n');
    expect(abandonedRuns(at).map((found) => found.id)).toEqual([A]);
    finishRun(run);
    expect(existsSync(run.scratch)).toBe(false);
    expect(abandonedRuns(at)).toEqual([]);
  });
});
