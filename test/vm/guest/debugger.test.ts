import { afterEach, describe, expect, test } from 'vitest';
import { JobSandbox } from '../../../src/sandbox/oci/job-sandbox.fixture.ts';
import { TRACING } from '../../../src/sandbox/profiles/profile-calls.fixture.ts';

// Tracing where AppArmor has a say too: both profiles must allow what the job does to its own, and nothing else.

let job: JobSandbox;
afterEach(() => job.close());

async function traced(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await job.python(TRACING);
  const lines = stdout.toString('utf8').trim().split('\n');
  return new Map(lines.map((line) => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']));
}

describe('where the kernel has AppArmor, a job', () => {
  test('with profile debugger traces its own processes, and process 1 by no call', async () => {
    job = await JobSandbox.open({}, { profile: 'debugger' });
    const seen = new Map(job.sandbox.receipt.checks.map((check) => [check.id, check.seen]));
    expect(seen.get('apparmor')).toBe('enforced');
    expect(seen.get('trace')).toBe('open (debugger): success');
    const found = await traced();
    expect(found.get('read a child')).toBe('own child');
    expect(found.get('attach to a child')).toBe('own chil');
    expect(found.get('end of a tracee')).toBe('7');
    for (const name of ['read process 1', 'attach to process 1', 'seize process 1', 'memory of process 1'])
      expect(found.get(name), name).toMatch(/^(?:EPERM|EACCES)$/);
  });

  test('without a profile traces nothing', async () => {
    job = await JobSandbox.open();
    const found = await traced();
    for (const name of ['read a child', 'attach to a child', 'read process 1', 'attach to process 1'])
      expect(found.get(name), name).toMatch(/^(?:EPERM|EACCES|ENOSYS)$/);
  });
});
