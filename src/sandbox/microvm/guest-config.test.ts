import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import type { SandboxRequest } from '../contract.ts';
import { guestContainer, jobUserOf } from './guest-config.ts';

const ROOT = '/run/cofferdam/01JD-test/guest/root';
const BUNDLE = '/run/cofferdam/01JD-test/guest/bundle';

function moved(request: SandboxRequest = JOB) {
  const plan = planSandbox(request, HOST, { ...PLACES, ids: { ...PLACES.ids, further: 0x6000_0000 } });
  if (!plan.ok) throw new Error(plan.error.why);
  const { merged, exchange } = PLACES;
  const isFile = (path: string): boolean => path === PLACES.init || path.startsWith('/home/user/.');
  const guest = guestContainer(plan.value, { root: ROOT, bundle: BUNDLE, merged, exchange }, isFile);
  return { plan: plan.value, guest };
}

const folderName = fc.stringMatching(/^[a-z]{1,8}$/);

describe('a job’s container inside a guest', () => {
  test('has every wall of the plan but the network namespace and the quota, which are the machine’s', () => {
    const { plan, guest } = moved();
    const { linux, mounts, root, ...rest } = plan.config;
    const { linux: there, mounts: mountsThere, root: rootThere, ...others } = guest.config;
    expect(others).toEqual(rest);
    expect(rootThere).toEqual({ ...root, path: '/read/root' });
    expect(there.seccomp).toEqual(linux.seccomp);
    expect(there.maskedPaths).toEqual(linux.maskedPaths);
    expect(there.readonlyPaths).toEqual(linux.readonlyPaths);
    expect(there.rootfsPropagation).toBe(linux.rootfsPropagation);
    expect(there.namespaces).toEqual(linux.namespaces.filter(({ type }) => type !== 'network'));
    expect(there.resources).toEqual({
      memory: linux.resources.memory,
      pids: linux.resources.pids,
      devices: linux.resources.devices,
    });
    expect(mountsThere.map((mount) => ({ ...mount, source: '' }))).toEqual(
      mounts.map((mount) => ({ ...mount, source: '' })),
    );
  });

  test('is never root of the guest, and has its files by the number that the monitor shows', () => {
    const { uidMappings, gidMappings } = moved().guest.config.linux;
    expect(uidMappings).toEqual(gidMappings);
    expect(uidMappings.some(({ hostID }) => hostID === 0)).toBe(false);
    expect(uidMappings).toContainEqual({ containerID: 1001, hostID: 1001, size: 1 });
  });

  test('asks for names at its gateway’s end of the link', () => {
    const { guest } = moved();
    expect(guest.tree.files.find(({ path }) => path === '/etc/resolv.conf')?.content).toContain(
      'nameserver 192.0.0.1\n',
    );
  });

  test('has a profile whole, and the further ids that it maps are nobody’s of the guest', () => {
    const isolation = { ...JOB.controls.isolation, profile: 'nested-build' } as const;
    const { plan, guest } = moved({ ...JOB, controls: { ...JOB.controls, isolation } });
    expect(plan.profile?.name).toBe('nested-build');
    const { linux, process } = guest.config;
    expect(process.capabilities).toEqual(plan.config.process.capabilities);
    expect(linux.seccomp).toEqual(plan.config.linux.seccomp);
    const further = linux.uidMappings.find(({ size }) => size === 65_536);
    expect(further).toEqual({ containerID: 100_000, hostID: 1_000_000, size: 65_536 });
    expect(jobUserOf(1_000_000)).toBe(100_000);
    expect(jobUserOf(1_065_535)).toBe(165_535);
    for (const other of [0, 1_000, 99_999, 999_999, 1_065_536]) expect(jobUserOf(other)).toBeUndefined();
    const asked = guest.tree.files.find(({ path }) => path === '/etc/containers/containers.conf');
    expect(asked?.content).toContain('dns_servers = ["192.0.0.1"]');
  });

  test('is shown each bound path read-only, or for writing, exactly as planned, and nothing of the host besides', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(folderName, { maxLength: 6 }),
        fc.uniqueArray(folderName, { maxLength: 3 }),
        (read, written) => {
          const { plan, guest } = moved({
            ...JOB,
            readPaths: read.map((name) => ({ hostPath: `/srv/r-${name}`, path: `/opt/r-${name}` })),
            writePaths: written.map((name) => ({ hostPath: `/srv/w-${name}`, path: `/mnt/w-${name}` })),
          });
          const hostOf = (source: string): string | undefined => {
            const [, share, rest] = /^\/(read|write)\/(.+)$/u.exec(source) ?? [];
            const list = share === 'read' ? guest.shown : guest.written;
            return list.find(({ path }) => path === `/vm/${share}/${rest}`)?.hostPath;
          };
          for (const [at, mount] of guest.config.mounts.entries()) {
            if (mount.type !== 'bind') continue;
            const planned = plan.config.mounts[at];
            if (planned?.source === PLACES.merged) expect(mount.source).toBe('/write/work');
            else if (planned?.source === PLACES.exchange) expect(mount.source).toBe('/exchange');
            else {
              expect(hostOf(mount.source)).toBe(planned?.source);
              expect(mount.source.startsWith('/write/')).toBe(mount.options.includes('rw'));
            }
          }
          const bound = plan.config.mounts.filter(({ type }) => type === 'bind').length - 2;
          expect(guest.shown.length - 2 + guest.written.length).toBe(bound);
          expect(guest.written.map(({ hostPath }) => hostPath)).toEqual(
            written.map((name) => `/srv/w-${name}`),
          );
        },
      ),
    );
  });
});
