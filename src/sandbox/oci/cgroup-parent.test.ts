import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ASIDE } from '../plan/cgroup-place.ts';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { prepareParent } from './cgroup-parent.ts';

// Folders that stand for a hierarchy; the kernel's own answers are in `npm run test:vm`.
const V2 = { ...HOST, cgroup: 'v2', hybrid: false } as const;
let root = '';
function group(path: string, controllers: string, handedOn: string): void {
  mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, path, 'cgroup.controllers'), controllers);
  writeFileSync(join(root, path, 'cgroup.subtree_control'), handedOn);
}
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'groups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the group in which those of sandboxes are made', () => {
  test('has what the machine hands on, and nothing is written when that is so already', () => {
    group('.', 'cpu memory pids', 'cpu memory pids');
    group('cofferdam', 'cpu memory pids', 'cpu memory pids');
    writeFileSync(join(root, 'cofferdam/memory.swap.max'), 'max');
    expect(prepareParent(V2, root)).toMatchObject({
      controllers: V2.controllers,
      controllersLacking: {},
      swapLimit: true,
    });
    expect(readFileSync(join(root, 'cgroup.subtree_control'), 'utf8')).toBe('cpu memory pids');
  });

  test('is asked to hand on what it does not', () => {
    group('.', 'cpu memory pids', 'cpu memory pids');
    group('cofferdam', 'cpu memory pids', 'cpu memory');
    expect(prepareParent(V2, root)).toMatchObject({ controllers: V2.controllers, swapLimit: false });
    expect(readFileSync(join(root, 'cofferdam/cgroup.subtree_control'), 'utf8')).toBe('+pids');
  });

  test('is without a controller that is not given to it, which is named', () => {
    group('.', 'cpu pids', 'cpu pids');
    group('cofferdam', 'cpu pids', 'cpu pids');
    const host = prepareParent(V2, root);
    expect(host.controllers).toEqual(['cpu', 'pids']);
    expect(host.controllersLacking.memory).toBe(`${root} is not given it`);
  });

  test('is without any where nothing can be written, with the reason', () => {
    writeFileSync(join(root, 'file'), '');
    const host = prepareParent({ ...V2, cgroupParent: '/file/cofferdam' }, root);
    expect(host.controllers).toEqual([]);
    expect(host.controllersLacking.pids).toMatch(/ENOTDIR|EEXIST/);
  });

  test('is refused below a group with processes that hands on already: by name, with the kernel\u2019s reason and what to do', async () => {
    const real = readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
    if (real === undefined) throw new Error('no control groups v2 are mounted here: mount -t cgroup2');
    const name = `cofferdam-test-${process.pid}`;
    const own = join(real, name);
    mkdirSync(join(own, 'threads'), { recursive: true });
    const child = spawn('sleep', ['60']);
    try {
      // Below a group that has a threaded one every other takes no process, as below one that hands on what threads can have.
      writeFileSync(join(own, 'threads/cgroup.type'), 'threaded');
      writeFileSync(join(own, 'cgroup.procs'), String(child.pid));
      const host = prepareParent({ ...V2, cgroupParent: `/${name}/cofferdam` }, real);
      expect(host.controllers).toEqual([]);
      const refused = planSandbox(JOB, host, PLACES);
      if (refused.ok) throw new Error('was planned');
      expect(refused.error).toMatchObject({ kind: 'machine', rule: 'sandbox/limit-unenforceable' });
      expect(refused.error.why).toBe(
        `this machine cannot hold memoryBytes, cpus, pids: ${own} has processes and has threaded groups below it, and below such a group none can be made for a sandbox (ENOTSUP)`,
      );
      expect(refused.error.fix).toContain(`start it in a group that hands nothing on`);
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      // The kernel lets go of a process some time after it has ended.
      for (const left of ['threads', ASIDE, 'cofferdam', '.'])
        await expect.poll(() => existsSync(join(own, left)) && rmdirSync(join(own, left))).toBeFalsy();
    }
  });

  test('is not touched in the first hierarchy', () => {
    expect(prepareParent(HOST, root)).toBe(HOST);
  });
});
