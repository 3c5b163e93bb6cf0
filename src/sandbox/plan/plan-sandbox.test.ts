import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultControls } from '../../zone/index.ts';
import type { SandboxRequest } from '../contract.ts';
import type { HostFacts } from './host-facts.ts';
import { HOST, JOB, PLACES } from './plan-sandbox.fixture.ts';
import { planSandbox, type SandboxPlan } from './plan-sandbox.ts';

function planned(request: SandboxRequest, host: HostFacts = HOST): SandboxPlan {
  const plan = planSandbox(request, host, PLACES);
  if (!plan.ok) throw new Error(plan.error.why);
  return plan.value;
}

const limits = JOB.controls.limits;
/** Short lists and objects on one line, so that a changed wall is a changed line. */
function text(value: unknown): string {
  const spread = JSON.stringify(value, null, 2);
  const joined = (whole: string): string => {
    const line = whole.replace(/\s*\n\s*/g, ' ');
    return line.length > 150 ? whole : line;
  };
  return `${spread.replace(/\[[^[\]{}]*\]/g, joined).replace(/\{[^{}]*\}/g, joined)}\n`;
}

describe('the plan of a fixed job on a fixed machine', () => {
  test('is the reviewed runtime specification, word for word', async () => {
    await expect(text(planned(JOB).config)).toMatchFileSnapshot('runtime-config.golden.json');
  });

  test('is the reviewed root tree, word for word', async () => {
    await expect(text(planned(JOB).tree)).toMatchFileSnapshot('root-tree.golden.json');
  });

  test('has the device of KVM when it is a monitor\u2019s, and differs in nothing else', () => {
    const monitor = planSandbox(JOB, HOST, { ...PLACES, kvm: '/run/node' });
    if (!monitor.ok) throw new Error(monitor.error.why);
    const { config, writable, ...rest } = monitor.value;
    const { config: of, writable: written, ...others } = planned(JOB);
    expect(JSON.stringify(of)).not.toContain('kvm');
    expect(of.linux.resources.devices).toEqual([{ allow: false, access: 'rwm' }]);
    expect(config.linux.resources.devices.slice(1)).toEqual([
      { allow: true, access: 'rw', type: 'c', major: 10, minor: 232 },
    ]);
    expect(config.mounts.slice(of.mounts.length)).toEqual([
      {
        destination: '/dev/kvm',
        type: 'bind',
        source: '/run/node',
        options: ['bind', 'rw', 'nosuid', 'noexec'],
      },
    ]);
    const { resources, ...linux } = config.linux;
    expect({
      ...config,
      mounts: config.mounts.slice(0, of.mounts.length),
      linux: { ...linux, resources: { ...resources, devices: of.linux.resources.devices } },
    }).toEqual(of);
    expect(writable).toEqual([...written, '/dev/kvm']);
    expect(rest).toEqual(others);
  });

  test('is refused for another user than root, for ids that somebody has, and for a limit that cannot be held', () => {
    expect(planSandbox(JOB, { ...HOST, uid: 1000 }, PLACES)).toMatchObject({
      ok: false,
      error: { kind: 'machine', rule: 'sandbox/not-root' },
    });
    expect(planSandbox(JOB, HOST, { ...PLACES, ids: { root: 0, user: 1_001 } })).toMatchObject({
      ok: false,
      error: { rule: 'sandbox/ids' },
    });
    for (const missing of ['memory', 'cpu', 'pids'] as const) {
      const host = { ...HOST, controllers: HOST.controllers.filter((one) => one !== missing) };
      expect(planSandbox(JOB, host, PLACES)).toMatchObject({
        ok: false,
        error: { kind: 'machine', rule: 'sandbox/limit-unenforceable' },
      });
    }
  });

  test('does without a limit only when the operator named that one, and says so', () => {
    const host = { ...HOST, controllers: ['cpu', 'pids'] as const };
    const accepting = (name: 'memoryBytes' | 'pids'): SandboxRequest => ({
      ...JOB,
      controls: { ...JOB.controls, unenforcedLimitsAccepted: [name] },
    });
    expect(planSandbox(accepting('pids'), host, PLACES).ok).toBe(false);
    const plan = planned(accepting('memoryBytes'), host);
    expect(plan.limitsUnenforced).toEqual(['memoryBytes']);
    expect(plan.config.linux.resources.memory).toBeUndefined();
    expect(plan.limits.memoryBytes).toBeUndefined();
  });
});

const path = fc
  .array(
    fc.stringMatching(/^[a-z0-9._ -]{1,12}$/).filter((name) => name !== '.' && name !== '..'),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((names) => `/${names.join('/')}`);
const bound = fc.record({ hostPath: path, path });
const request: fc.Arbitrary<SandboxRequest> = fc.record({
  runId: fc.constant(JOB.runId),
  jobId: fc.stringMatching(/^[a-z0-9_-]{1,20}$/),
  controls: fc
    .record({
      zone: fc.constantFrom('untrusted' as const, 'internal' as const, 'release' as const),
      memoryBytes: fc.integer({ min: 1, max: 2 ** 45 }),
      cpus: fc.double({ min: 0.001, max: 512, noNaN: true }),
      number: fc.integer({ min: 1, max: 2 ** 40 }),
    })
    .map(({ zone, memoryBytes, cpus, number }) => {
      const controls = defaultControls(zone, { memoryBytes, cpus });
      return {
        ...controls,
        limits: { ...limits, memoryBytes, cpus, pids: number, openFiles: number, tmpBytes: number },
      };
    }),
  root: fc.oneof(
    fc.constant({ kind: 'host' as const }),
    path.map((directory) => ({ kind: 'image' as const, directory, digest: 'sha256:0' })),
  ),
  workspace: fc.record({ source: path, path }),
  readPaths: fc.array(bound, { maxLength: 4 }),
  writePaths: fc.array(bound, { maxLength: 4 }),
  files: fc.array(fc.record({ path, content: fc.string() }), { maxLength: 2 }),
  networkNamespace: path,
  temporary: fc.array(path, { maxLength: 3 }),
  probeName: fc.constant('a.probe.invalid'),
  hostname: fc.stringMatching(/^[a-z]{1,10}$/),
});

function always(holds: (plan: SandboxPlan, asked: SandboxRequest) => void): void {
  fc.assert(fc.property(request, (asked) => holds(planned(asked), asked)));
}

describe('a root tree', () => {
  test('makes nothing below its own links: what is bound there lies behind them', () => {
    const places = ['/var/tmp/a', '/var/run/b', '/bin/c', '/tmp/d', '/srv/e'];
    const tree = planned({
      ...JOB,
      workspace: { path: '/var/tmp/work' },
      readPaths: places.map((path) => ({ hostPath: path, path })),
    }).tree;
    const made = [...tree.directories.map(({ path }) => path), ...tree.points, ...tree.copies];
    for (const { path } of tree.links)
      expect(made.filter((one) => one === path || one.startsWith(`${path}/`))).toEqual([]);
    expect(made).toContain('/srv/e');
    expect(made).toContain('/run/b');
  });
});

describe('whatever a job and its controls are, the plan', () => {
  test('gives no capability, no way to gain a privilege, and an ordinary user', () => {
    always(({ config }) => {
      expect(Object.values(config.process.capabilities).flat()).toEqual([]);
      expect(Object.keys(config.process.capabilities)).toHaveLength(5);
      expect(config.process.noNewPrivileges).toBe(true);
      expect(config.process.user).toEqual({ uid: 1001, gid: 1001, additionalGids: [] });
    });
  });

  test('refuses by default what a process asks of the kernel', () => {
    always(({ config: { linux } }) => {
      expect(linux.seccomp.defaultAction).toBe('SCMP_ACT_ERRNO');
      const free = linux.seccomp.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW');
      const names = new Set(free.flatMap((rule) => rule.names));
      for (const call of ['mount', 'unshare', 'setns', 'ptrace', 'bpf', 'keyctl', 'clone3', 'io_uring_setup'])
        expect(names.has(call)).toBe(false);
    });
  });

  test('has every namespace of its own, and the network one that the gateway made', () => {
    always(({ config: { linux } }, asked) => {
      expect(linux.namespaces).toEqual([
        ...['user', 'pid', 'mount', 'ipc', 'uts', 'cgroup'].map((type) => ({ type })),
        { type: 'network', path: asked.networkNamespace },
      ]);
      for (const map of [...linux.uidMappings, ...linux.gidMappings])
        expect(map.hostID).toBeGreaterThanOrEqual(65_536);
    });
  });

  test('has the host write nothing but the copy of the workspace, the exchange and what the operator named', () => {
    always(({ config }, asked) => {
      expect(config.root.readonly).toBe(true);
      const written = config.mounts.filter(({ type, options }) => type === 'bind' && !options.includes('ro'));
      expect(written.map(({ source }) => source).sort()).toEqual(
        [PLACES.merged, PLACES.exchange, ...asked.writePaths.map(({ hostPath }) => hostPath)].sort(),
      );
    });
  });

  test('lets no mount bring a device or a set-user-id program, and follows no mount of the host', () => {
    always(({ config }) => {
      for (const { destination, type, options } of config.mounts) {
        expect(options).toContain('nosuid');
        if (destination !== '/dev' && type !== 'devpts') expect(options).toContain('nodev');
        for (const shared of ['shared', 'rshared', 'rbind', 'suid', 'dev'])
          expect(options).not.toContain(shared);
      }
      expect(config.linux.rootfsPropagation).toBe('rprivate');
      expect(config.linux.resources.devices).toEqual([{ allow: false, access: 'rwm' }]);
    });
  });

  test('bounds every file system in memory by bytes and by files, and hides nothing less', () => {
    const { maskedPaths, readonlyPaths } = planned(JOB).config.linux;
    always(({ config }) => {
      for (const { destination, type, options } of config.mounts) {
        if (type !== 'tmpfs') continue;
        expect(options.filter((option) => /^size=\d+$/.test(option))).toHaveLength(1);
        if (destination !== '/dev')
          expect(options.filter((option) => /^nr_inodes=\d+$/.test(option))).toHaveLength(1);
      }
      expect(config.linux.maskedPaths).toEqual(maskedPaths);
      expect(config.linux.readonlyPaths).toEqual(readonlyPaths);
    });
  });

  test('gives its first process nothing of anybody\u2019s environment', () => {
    always(({ config }) => {
      expect(config.process.env).toEqual([]);
    });
  });
});
