import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { Host } from './command.fixture.ts';

// A machine that systemd runs: beside its groups, in a service that is given its subtree, and in one that is not.

let host: Host;
afterEach(() => host.remove());

function service(properties: readonly string[], command: readonly string[], unit: string) {
  const settings = Object.entries(host.environment).map(([name, value]) => `--setenv=${name}=${value}`);
  return host.script('systemd-run --quiet --wait --pipe --collect "$@"', [
    `--unit=${unit}`,
    `--working-directory=${host.work}`,
    ...settings,
    ...properties.map((one) => `--property=${one}`),
    '--',
    ...command,
  ]);
}

/** Runs a job and says, from outside, in which groups its processes are. systemd puts its own into a `${...}` of a command. */
const WHERE = `"$@" & p=$!
for i in $(seq 900); do g=$(find /sys/fs/cgroup -path '*cofferdam/*' -name cgroup.procs -exec grep -l . {} + 2>/dev/null | head -n 1); [ -n "$g" ] && break; sleep 0.1; done
echo "group $(dirname "$g")"
kill -INT $p; wait $p || true`;

describe('on a machine that systemd runs', () => {
  test('systemd does run it', () => {
    host = new Host();
    expect(readFileSync('/proc/1/comm', 'utf8').trim()).toBe('systemd');
    expect(host.script('systemctl is-system-running || true', []).stdout).toMatch(
      /initializing|running|degraded|starting/,
    );
  });

  test('a job has its limits beside systemd\u2019s groups, also after systemd was reloaded', () => {
    host = new Host();
    const ran = host.script(
      'systemctl daemon-reload; "$@"; systemctl daemon-reload',
      host.command('doctor', '--json'),
    );
    expect(ran.status, ran.all).toBe(0);
    expect(ran.stdout).toMatch(/"name":"limit memoryBytes","held":true/);
    expect(readFileSync('/sys/fs/cgroup/cofferdam/cgroup.subtree_control', 'utf8')).toMatch(
      /cpu.*memory.*pids/,
    );
  });

  test('in a service that is given its subtree a job is in it, under the service\u2019s own limits', () => {
    host = new Host();
    const sleeping = host.command('exec', '--apply', 'never', '--', 'sleep', '300');
    const ran = service(['Delegate=yes', 'MemoryMax=3G'], ['sh', '-c', WHERE, 'sh', ...sleeping], 'given');
    expect(ran.stdout, ran.all).toMatch(
      /^group \/sys\/fs\/cgroup\/system\.slice\/given\.service\/cofferdam\/[\w-]+$/m,
    );
  });

  test('in one that is not it is beside systemd\u2019s groups', () => {
    host = new Host();
    const sleeping = host.command('exec', '--apply', 'never', '--', 'sleep', '300');
    const ran = service([], ['sh', '-c', WHERE, 'sh', ...sleeping], 'plain');
    expect(ran.stdout, ran.all).toMatch(/^group \/sys\/fs\/cgroup\/cofferdam\/[\w-]+$/m);
  });

  test('a service that is stopped takes its jobs with it', () => {
    host = new Host();
    const sleeping = host.command('exec', '--apply', 'never', '--', 'sleep', '4321');
    const settings = Object.entries(host.environment).map(([name, value]) => `--setenv=${name}=${value}`);
    const script = `systemd-run --quiet --unit=stopped --property=Delegate=yes --working-directory=${host.work} "$@"
for i in $(seq 900); do pgrep -f 'sleep 4321' >/dev/null && find /sys/fs/cgroup/system.slice/stopped.service/cofferdam -name cgroup.procs -exec grep -l . {} + 2>/dev/null | grep -q . && break; sleep 0.1; done
systemctl stop stopped
for i in $(seq 300); do [ -d /sys/fs/cgroup/system.slice/stopped.service ] || break; sleep 0.1; done
ls -d /sys/fs/cgroup/system.slice/stopped.service 2>/dev/null || echo gone`;
    const ran = host.script(script, [...settings, '--', ...sleeping]);
    expect(ran.stdout.trim(), ran.all).toBe('gone');
  });
});
