import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../e2e/cofferdam.fixture.ts';

/** A folder with an operator's file and a state of its own, on a machine that ends with the suite. */
export class Host {
  readonly directory = mkdtempSync(join(tmpdir(), 'host-'));
  readonly work = join(this.directory, 'work');

  constructor(operator = '') {
    mkdirSync(join(this.directory, 'config/cofferdam'), { recursive: true });
    mkdirSync(this.work);
    if (operator !== '')
      writeFileSync(join(this.directory, 'config/cofferdam/cofferdam.yaml'), `version: 1\n${operator}\n`, {
        mode: 0o600,
      });
  }

  /** The words that run the command line, for a shell or systemd. */
  command(...args: readonly string[]): readonly string[] {
    return [process.execPath, join(ROOT, 'dist/cofferdam.mjs'), ...args];
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      XDG_CACHE_HOME: join(this.directory, 'cache'),
      XDG_CONFIG_HOME: join(this.directory, 'config'),
      COFFERDAM_STATE: join(this.directory, 'state'),
    };
  }

  /** Runs a shell script, whose words after its name are `args`; `"$@"` is mostly Cofferdam's command line. */
  script(text: string, args: readonly string[], cwd = this.work) {
    const ran = spawnSync('sh', ['-eu', '-c', text, 'sh', ...args], {
      cwd,
      encoding: 'utf8',
      env: this.environment,
      maxBuffer: 2 ** 26,
    });
    return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr, all: ran.stdout + ran.stderr };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
