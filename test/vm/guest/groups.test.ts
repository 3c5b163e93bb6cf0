import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { Host } from './command.fixture.ts';

// Control groups v2 as containers and services have them. Every group here is the virtual machine's.

const GROUPS = '/sys/fs/cgroup';
let host: Host;
afterEach(() => host.remove());

/**
 * Runs a command as in a container: in a control group namespace whose root has processes in it, with the controllers that are
 * named, and a file system of groups that shows nothing else.
 */
function contained(name: string, controllers: string, command: readonly string[]) {
  const script = `
for c in memory cpu pids; do echo +$c > ${GROUPS}/cgroup.subtree_control; done
mkdir -p ${GROUPS}/outer-${name}
for c in ${controllers}; do echo +$c > ${GROUPS}/outer-${name}/cgroup.subtree_control; done
mkdir -p ${GROUPS}/outer-${name}/${name}
echo $$ > ${GROUPS}/outer-${name}/${name}/cgroup.procs
sleep 1000 & other=$!
trap 'kill $other' EXIT
unshare --cgroup --mount --propagation private sh -eu -c 'umount ${GROUPS}; mount -t cgroup2 cgroup2 ${GROUPS}; "$@"' sh "$@"
`;
  return host.script(script, command);
}

describe('in a container, whose root group has processes in it', () => {
  test('a job has its limits, in a group beside the processes, which are moved out of the way', () => {
    host = new Host();
    const ran = contained('first', 'memory cpu pids', host.command('doctor', '--json'));
    expect(ran.status, ran.all).toBe(0);
    const held = ran.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { readonly name: string; readonly held: boolean });
    for (const limit of ['limit memoryBytes', 'limit cpus', 'limit pids', 'nothing left behind'])
      expect(held, limit).toContainEqual(expect.objectContaining({ name: limit, held: true }));
    expect(readdirSync(`${GROUPS}/outer-first/first`)).toContain('cofferdam-outside');
    expect(readFileSync(`${GROUPS}/outer-first/first/cgroup.subtree_control`, 'utf8').split(/\s+/)).toContain(
      'memory',
    );
    expect(
      readdirSync(`${GROUPS}/outer-first/first/cofferdam`, { withFileTypes: true }).filter((one) =>
        one.isDirectory(),
      ),
    ).toEqual([]);
  });

  test('a job stays under the limits of the container too', () => {
    host = new Host();
    const where = host.command('exec', '--apply', 'never', '--', 'sleep', '300');
    const script = `"$@" & p=$!
for i in $(seq 600); do ls -d ${GROUPS}/cofferdam/*/ >/dev/null 2>&1 && [ -n "$(cat ${GROUPS}/cofferdam/*/cgroup.procs)" ] && break; sleep 0.1; done
echo groups ${GROUPS}/cofferdam/*/ procs $(cat ${GROUPS}/cofferdam/*/cgroup.procs | wc -l) max $(cat ${GROUPS}/cofferdam/*/memory.max) swap $(cat ${GROUPS}/cofferdam/*/memory.swap.max)
kill -INT $p; wait $p || true`;
    const ran = contained('second', 'memory cpu pids', ['sh', '-c', script, 'sh', ...where]);
    expect(ran.stdout, ran.all).toMatch(/procs [1-9]\d* max \d+ swap 0/);
  });

  test('a limit whose controller is not handed on refuses the job, by name and with the place; accepted, the record says it', () => {
    host = new Host();
    const ran = contained('third', 'cpu pids', host.command('exec', '--apply', 'never', '--', 'true'));
    expect(ran.status, ran.all).toBe(125);
    expect(ran.stderr).toContain(`cannot hold memoryBytes: ${GROUPS} is not given it`);
    host.remove();
    host = new Host('zones: {untrusted: {acceptUnenforced: [memory]}}');
    const accepted = contained(
      // Another group: with what was handed on in the first, no process may enter it any more.
      'fourth',
      'cpu pids',
      host.command('exec', '--apply', 'never', '--', 'echo', 'ran'),
    );
    expect(accepted.stdout, accepted.all).toContain('ran');
    const record = host.script('cat "$COFFERDAM_STATE"/runs/*/record/*', []).stdout;
    expect(record).toMatch(/"limitsUnenforced":\["memoryBytes"\]/);
  });

  test('groups that cannot be written refuse the job', () => {
    host = new Host();
    const script = `unshare --mount --propagation private sh -eu -c 'mount -o remount,bind,ro ${GROUPS}; "$@"' sh "$@"`;
    for (const group of ['cofferdam']) expect(existsSync(`${GROUPS}/${group}`)).toBe(true);
    const ran = host.script(script, host.command('exec', '--apply', 'never', '--', 'true'));
    expect(ran.status, ran.all).toBe(125);
    expect(ran.stderr).toMatch(/EROFS|read-only/i);
  });
});
