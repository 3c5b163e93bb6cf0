import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ok } from '../../base/index.ts';
import { kindOf, readRepository, Subject } from '../../gate/index.ts';

/** Repositories of actions in a folder of their own, as a mirror has them. */
export class Origins {
  readonly directory = mkdtempSync(join(tmpdir(), 'origins-'));

  git(repository: string, ...args: readonly string[]): string {
    const identity = [
      '-c',
      'user.name=T',
      '-c',
      'user.email=t@a.test',
      '-c',
      'commit.gpgsign=false',
      '-c',
      'tag.gpgsign=false',
    ];
    return execFileSync('git', ['-C', join(this.directory, repository), ...identity, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Commits files to the checked-out branch, and gives the commit. */
  commit(repository: string, files: Readonly<Record<string, string>>, ...refs: readonly string[]): string {
    const folder = join(this.directory, repository);
    mkdirSync(folder, { recursive: true });
    execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', folder]);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    this.git(repository, 'add', '-A');
    this.git(repository, 'commit', '-q', '--allow-empty', '-m', 'x');
    for (const ref of refs) this.git(repository, 'update-ref', ref, 'HEAD');
    return this.git(repository, 'rev-parse', 'HEAD');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function subjectOf(files: Readonly<Record<string, string>>): Promise<Subject> {
  return new Subject(
    await readRepository(
      Object.entries(files).map(([path, text]) => {
        const kind = kindOf(path);
        if (kind === undefined) throw new Error(`${path} is no file that the gate reads`);
        return { path, kind, read: ok(Buffer.from(text)) };
      }),
    ),
  );
}

/** An action that is a list of steps. */
export function composite(...uses: readonly string[]): string {
  return `name: x\nruns:\n  using: composite\n  steps:\n${uses.map((one) => `    - uses: ${one}\n`).join('')}`;
}

export function workflow(...uses: readonly string[]): string {
  return `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${uses.map((one) => `      - uses: ${one}\n`).join('')}`;
}

export const NODE = 'name: x\nruns: { using: node24, main: m.js }\n';
