import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { nativeProgram } from '../sandbox/index.ts';

/** What a case may need of the machine's kernel. */
export type Need = 'landlock' | 'modules' | 'kexec' | 'magic-keys';

/** The first version that can be used for confining (src/sandbox: it allows moving files between folders). */
const LEAST_LANDLOCK = 2;

/** Why the machine lacks it; undefined when it has it. */
export function lackOf(need: Need): string | undefined {
  switch (need) {
    case 'landlock': {
      // LANDLOCK_CREATE_RULESET_VERSION
      const said = spawnSync(nativeProgram('call'), ['landlock_create_ruleset 0 0 1'], { encoding: 'utf8' });
      const version = Number(/ (-?\d+) /.exec(said.stdout)?.[1] ?? 0);
      return version >= LEAST_LANDLOCK ? undefined : 'this kernel has no Landlock that can be used';
    }
    case 'modules':
      return existsSync('/proc/modules') ? undefined : 'this kernel loads no modules';
    case 'magic-keys':
      return existsSync('/proc/sysrq-trigger') ? undefined : 'this kernel knows no magic keys';
    case 'kexec':
      return existsSync('/sys/kernel/kexec_loaded') ? undefined : 'this kernel starts no other';
  }
}
