import { writeFileSync } from 'node:fs';
import type { ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';
import { guestThat, runtimeThat } from '../../ground/sabotage.ts';
import type { Scene } from '../../ground/scene.ts';
import type { WallName } from '../../ground/walls.ts';

/** A control that cannot be armed, by what is done to the machine before the job: the job must be refused. */
export function impossible(
  name: string,
  control: string,
  walls: readonly WallName[],
  refusal: { readonly rule: string; readonly names?: string },
  sabotage: (scene: Scene) => void,
  more: Partial<ReplayCase> = {},
): ReplayCase {
  const { rule, names = '' } = refusal;
  return {
    name,
    control,
    without: walls,
    mustBeRefused: true,
    holdsCanary: true,
    prepare: (scene) => {
      if (scene.side === 'on') sabotage(scene);
      else writeFileSync('/run/replay/docker.sock', '');
    },
    harm: ({ output, canary }) =>
      output().includes(`began-${canary}`) ? 'the job ran without the control' : undefined,
    event: event('policy.refused', names === '' ? rule : `${rule}: ${names}`, (seen) => {
      return seen.rule.startsWith(rule) && seen.why.includes(names);
    }),
    ...more,
  };
}

export const OWN_KERNEL = 'gVisor has it from its own kernel, whatever the configuration says';
export const SIZED_OUTSIDE = 'what gVisor is given has its size from mounts of the machine';
export const READ_BY_ITSELF = 'gVisor reads what it is given by itself';
export const NOT_GIVEN = 'it is not of the configuration that gVisor is given';

const OUTSIDE =
  'a machine gets its processor time from its control group, which is written and read back without a runtime';

/** A runtime that drops a wall, or weakens it, and says nothing. Of a microVM the one in the guest, or the monitor's. */
export function dropped(
  name: string,
  walls: WallName | readonly WallName[],
  check: string,
  edit: string,
  withGvisor?: string,
  ofMicrovm: 'guest' | 'monitor' = 'guest',
): ReplayCase {
  return impossible(
    name,
    'refusal of a sandbox that is not what was planned',
    [walls].flat(),
    { rule: 'sandbox/not-armed', names: check },
    ({ runtime }) =>
      runtime === 'qemu' && ofMicrovm === 'guest' ? guestThat(edit) : runtimeThat(runtime, edit),
    withGvisor === undefined ? {} : { notWith: { runsc: withGvisor } },
  );
}

export function limitDropped(name: string, wall: WallName, resource: string): ReplayCase {
  return impossible(
    name,
    'refusal without the limit',
    [wall],
    { rule: 'sandbox/limit-not-held' },
    ({ runtime }) => {
      const edit = `delete c.linux.resources.${resource}`;
      if (runtime === 'qemu') guestThat(edit);
      else runtimeThat(runtime, edit);
    },
    {
      notWith: {
        runsc: 'the limits of gVisor are not set by the runtime',
        ...(resource === 'cpu' && { qemu: OUTSIDE }),
      },
    },
  );
}

export const namespace = (type: string): string =>
  `c.linux.namespaces = c.linux.namespaces.filter((n) => n.type !== '${type}')`;
export const mount = (destination: string, change: string): string =>
  `for (const m of c.mounts) if (m.destination === '${destination}') ${change}`;
export const options = (from: string, to: string): string =>
  `m.options = m.options.map((o) => o.startsWith('${from}') ? '${to}' : o).filter(Boolean)`;

export const shared = (source: string): string =>
  `Object.assign(m, { type: 'bind', source: '${source}', options: ['bind', 'rw', 'nosuid', 'nodev'] })`;
