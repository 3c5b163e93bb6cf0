import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RuntimeName } from '../../config/index.ts';
import { chooseRuntime, nativeProgram } from '../../sandbox/index.ts';
import { TIER_OF } from '../../config/index.ts';

const FOLDER = '/run/replay';

/**
 * Puts a runtime in the place of the real one that takes something out of the configuration `c` and says nothing, or leaves a
 * file of the host open in the sandbox. Only in a throwaway machine, whose programs are copies.
 */
export function runtimeThat(name: RuntimeName, edit: string, leaks = false): void {
  const chosen = chooseRuntime({ floor: TIER_OF[name], runtime: name });
  if (!chosen.ok) throw new Error(chosen.error.why);
  // The processes of gVisor must be those of its own program, so what starts that is replaced. A machine's monitor is started
  // by runc, whose sandbox is the wall between guest and host.
  const program =
    name === 'runsc' ? found('nsenter') : name === 'qemu' ? found('runc') : chosen.value.program;
  const real = `${FOLDER}/real-${name}`;
  execFileSync('cp', ['-L', program, real]);
  rmSync(program);
  writeFileSync(
    `${FOLDER}/runtime.cjs`,
    `const { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } = require('node:fs');
const at = process.argv.indexOf('--bundle');
if (at > 0) {
  const file = process.argv[at + 1] + '/config.json';
  const c = JSON.parse(readFileSync(file, 'utf8'));
  ${edit};
  writeFileSync(file, JSON.stringify(c));
}
const leaks = ${leaks};
const words = process.argv.slice(2);
const args = leaks ? words.map((word, index) => (words[index - 1] === '--preserve-fds' ? '2' : word)) : words;
const stdio = leaks ? [0, 1, 2, 3, openSync('/etc/hostname', 'r')] : [0, 1, 2, 3];
process.exitCode = require('node:child_process').spawnSync('${real}', args, { stdio }).status;
`,
  );
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' ${FOLDER}/runtime.cjs "$@"\n`);
  chmodSync(program, 0o755);
}

/**
 * Edits the configuration `c` of a job's container after it was written and before its guest reads it: what starts it there does
 * less than was planned. What mounts the workspace is called between the two.
 */
export function guestThat(edit: string): void {
  const program = nativeProgram('workspace');
  const real = `${FOLDER}/real-workspace`;
  execFileSync('cp', [program, real]);
  writeFileSync(
    `${FOLDER}/guest.cjs`,
    `const { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
for (const file of globSync('/run/**/guest/bundle/config.json')) {
  if (existsSync('${FOLDER}/edited')) break;
  const c = JSON.parse(readFileSync(file, 'utf8'));
  ${edit};
  writeFileSync(file, JSON.stringify(c));
  writeFileSync('${FOLDER}/edited', '');
}
`,
  );
  const cover = `${FOLDER}/workspace`;
  writeFileSync(cover, `#!/bin/sh\n'${process.execPath}' ${FOLDER}/guest.cjs\nexec ${real} "$@"\n`);
  chmodSync(cover, 0o755);
  execFileSync('mount', ['--bind', cover, program]);
}

/** Covers a program with nothing, so that it cannot be started. */
export function coverProgram(path: string): void {
  writeFileSync(`${FOLDER}/nothing`, '');
  execFileSync('mount', ['--bind', `${FOLDER}/nothing`, path]);
}

/** Puts a program in the place of one of the machine's that says that all went well, and does nothing. */
export function lyingProgram(name: string): void {
  const path = found(name);
  renameSync(path, `${path}.real`);
  writeFileSync(path, '#!/bin/sh\ncat >/dev/null\nexit 0\n');
  chmodSync(path, 0o755);
}

function found(name: string): string {
  const path = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
    .map((folder) => `${folder}/${name}`)
    .find(existsSync);
  if (path === undefined) throw new Error(`there is no ${name}`);
  return path;
}

/** Takes a controller of control groups away. */
export function withoutController(name: string): void {
  const second = '/sys/fs/cgroup/cgroup.controllers';
  if (existsSync(second)) {
    writeFileSync(`${FOLDER}/controllers`, 'cpu memory');
    execFileSync('mount', ['--bind', `${FOLDER}/controllers`, second]);
    return;
  }
  mkdirSync(`${FOLDER}/empty`, { recursive: true });
  execFileSync('mount', ['--bind', `${FOLDER}/empty`, `/sys/fs/cgroup/${name}`]);
}
