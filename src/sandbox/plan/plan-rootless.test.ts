import { describe, expect, test } from 'vitest';
import type { SandboxRequest } from '../contract.ts';
import type { HostFacts } from './host-facts.ts';
import { HOST, JOB, ORDINARY_USER, PLACES } from './plan-sandbox.fixture.ts';
import { planSandbox } from './plan-sandbox.ts';
import { rootlessGroups } from './rootless.ts';

const WITHOUT_GROUPS: HostFacts = { ...HOST, ...rootlessGroups(ORDINARY_USER), rootless: ORDINARY_USER };
const HANDED = { ...ORDINARY_USER, cgroup: '/user.slice/cofferdam-7.scope' };
const WITH_GROUPS: HostFacts = { ...HOST, ...rootlessGroups(HANDED), rootless: HANDED };
const ONE = { ...PLACES, ids: { user: 0 } };

function accepting(...limits: SandboxRequest['controls']['unenforcedLimitsAccepted']): SandboxRequest {
  return { ...JOB, controls: { ...JOB.controls, unenforcedLimitsAccepted: limits } };
}

describe('the plan of an ordinary user\u2019s sandbox', () => {
  test('has every limit held by the control group that was handed over', () => {
    const plan = planSandbox(JOB, WITH_GROUPS, ONE);
    if (!plan.ok) throw new Error(plan.error.why);
    expect(plan.value.cgroupPath).toBe('/user.slice/cofferdam-7.scope/cofferdam/01jd-test');
    expect(plan.value.limitsUnenforced).toEqual([]);
    expect(plan.value.weakerLimits).toEqual([]);
    expect(plan.value.config.linux.resources).toMatchObject({
      memory: { limit: JOB.controls.limits.memoryBytes },
      pids: { limit: JOB.controls.limits.pids },
    });
    expect(plan.value.config.process.args).toHaveLength(1);
  });

  test('is refused without one, naming every limit and what accepts their lack', () => {
    for (const job of [JOB, accepting('memoryBytes'), accepting('cpus', 'pids')]) {
      const plan = planSandbox(job, WITHOUT_GROUPS, ONE);
      expect(plan).toMatchObject({
        ok: false,
        error: { kind: 'machine', rule: 'sandbox/limit-unenforceable' },
      });
      if (!plan.ok) expect(plan.error.fix).toContain('acceptUnenforced: [memory, cpus, pids]');
    }
    const plan = planSandbox(JOB, WITHOUT_GROUPS, ONE);
    if (!plan.ok) expect(plan.error.why).toContain('memoryBytes, cpus, pids');
  });

  test('says, when that was accepted, what stands in and that it is not the limit', () => {
    const plan = planSandbox(accepting('memoryBytes', 'cpus', 'pids'), WITHOUT_GROUPS, ONE);
    if (!plan.ok) throw new Error(plan.error.why);
    const { limits } = JOB.controls;
    expect(plan.value.limitsUnenforced).toEqual(['memoryBytes', 'cpus', 'pids']);
    expect(plan.value.limits).not.toHaveProperty('pids');
    expect(plan.value.limits).not.toHaveProperty('memoryBytes');
    expect(plan.value.weakerLimits).toEqual([
      { limit: 'pids', by: 'RLIMIT_NPROC', value: limits.pids },
      { limit: 'memoryBytes', by: 'RLIMIT_DATA', value: limits.memoryBytes },
    ]);
    expect(plan.value.cgroupPath).toBe('');
    expect(plan.value.config.linux.resources).toEqual({ devices: [{ allow: false, access: 'rwm' }] });
    expect(plan.value.config.process.args).toEqual([
      '/run/cofferdam-init',
      `RLIMIT_NPROC=${limits.pids}`,
      `RLIMIT_DATA=${limits.memoryBytes}`,
    ]);
  });

  test('maps the job\u2019s user and no other id, and asks for nothing that only root may do', () => {
    const plan = planSandbox(JOB, WITH_GROUPS, ONE);
    if (!plan.ok) throw new Error(plan.error.why);
    const { linux, process } = plan.value.config;
    expect(linux.uidMappings).toEqual([{ containerID: 1_001, hostID: 0, size: 1 }]);
    expect(linux.gidMappings).toEqual(linux.uidMappings);
    expect(process.user).toMatchObject({ uid: 1_001, gid: 1_001, additionalGids: [] });
    expect(process.oomScoreAdj).toBe(ORDINARY_USER.oomScoreAdj);
    expect(process.capabilities.bounding).toEqual([]);
  });

  test('never maps root of the namespace that owns mounts and network to root inside', () => {
    expect(planSandbox(JOB, WITH_GROUPS, { ...PLACES, ids: { root: 0, user: 1 } })).toMatchObject({
      ok: false,
      error: { rule: 'sandbox/ids' },
    });
  });
});
