import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { nativeProgram } from '../../../sandbox/index.ts';
import type { Attack, ReplayCase } from '../../attack.ts';
import type { WallName } from '../../ground/walls.ts';

/** A runtime that takes something out of the configuration and says nothing, in the place of runc. */
function runtimeWithout(edit: string): void {
  const program = `const { readFileSync, writeFileSync } = require('node:fs');
const at = process.argv.indexOf('--bundle');
if (at > 0) {
  const file = process.argv[at + 1] + '/config.json';
  const c = JSON.parse(readFileSync(file, 'utf8'));
  ${edit};
  writeFileSync(file, JSON.stringify(c));
}
const args = process.argv.slice(2);
process.exitCode = require('node:child_process').spawnSync('/run/replay/runc', args, { stdio: [0, 1, 2, 3] }).status;
`;
  const runc = execFileSync('sh', ['-c', 'command -v runc'], { encoding: 'utf8' }).trim();
  execFileSync('cp', [runc, '/run/replay/runc']);
  rmSync(runc);
  writeFileSync('/run/replay/runtime.cjs', program);
  writeFileSync(runc, `#!/bin/sh\nexec '${process.execPath}' /run/replay/runtime.cjs "$@"\n`);
  chmodSync(runc, 0o755);
}

/** Covers a program, so that it cannot be started. */
function without(program: string): void {
  writeFileSync('/run/replay/nothing', '');
  execFileSync('mount', ['--bind', '/run/replay/nothing', program]);
}

function impossible(
  name: string,
  control: string,
  walls: readonly WallName[],
  rule: string,
  sabotage: () => void,
): ReplayCase {
  return {
    name,
    control,
    without: walls,
    mustBeRefused: true,
    holdsCanary: true,
    prepare: ({ side }) => {
      if (side === 'on') sabotage();
    },
    harm: ({ output, canary }) =>
      output().includes(`began-${canary}`) ? 'the job ran without the control' : undefined,
    event: {
      name: `policy.refused ${rule}`,
      matches: (event) => event.type === 'policy.refused' && event.rule === rule,
    },
  };
}

export const attack: Attack = {
  name: 'silent-downgrade',
  title: 'A control that cannot be armed, and a job that runs all the same',
  story:
    'Sandboxes that warn and go on when something is missing are open where it matters: on the machine that lacks the filter, ' +
    'the firewall or the limit. Each control is made impossible to arm here, and the job must not begin.',
  sources: ['sandboxes that fall back without a word, in several trackers', 'practical guide §1'],
  cases: [
    impossible('no-gateway', 'refusal without a gateway', ['gateway'], 'gateway/not-armed', () =>
      rmSync('/usr/sbin/nft'),
    ),
    impossible('no-filter', 'refusal without the filter', ['filter'], 'sandbox/not-armed', () =>
      runtimeWithout('delete c.linux.seccomp'),
    ),
    impossible(
      'capabilities-kept',
      'refusal with capabilities',
      ['no-capabilities'],
      'sandbox/not-armed',
      () =>
        runtimeWithout(
          "for (const k of Object.keys(c.process.capabilities)) c.process.capabilities[k] = ['CAP_NET_ADMIN']",
        ),
    ),
    impossible(
      'shared-users',
      'refusal without users of its own',
      ['user-namespace'],
      'sandbox/not-armed',
      () =>
        runtimeWithout(
          "c.linux.namespaces = c.linux.namespaces.filter((n) => n.type !== 'user'); delete c.linux.uidMappings; delete c.linux.gidMappings",
        ),
    ),
    impossible(
      'writable-root',
      'refusal with a root that can be written',
      ['read-only-root'],
      'sandbox/not-armed',
      () => runtimeWithout('c.root.readonly = false'),
    ),
    impossible(
      'limit-dropped',
      'refusal without the limit of memory',
      ['memory-limit'],
      'sandbox/limit-not-held',
      () => runtimeWithout('delete c.linux.resources.memory'),
    ),
    impossible('no-telemetry', 'refusal without telemetry', ['telemetry'], 'sandbox/telemetry', () =>
      without(nativeProgram('trace')),
    ),
  ],
};
