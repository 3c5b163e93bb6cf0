import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readHostFacts } from '../plan/host-facts.ts';
import { sandboxName, tryName } from '../plan/sandbox-name.ts';
import { Cgroup } from './cgroup.ts';
import { reapSandboxes } from './reap.ts';

test('of a run that died, the sandbox of a try of KVM is taken away with the job\u2019s', async () => {
  const folders = mkdtempSync(join(tmpdir(), 'reap-'));
  const name = sandboxName(`R${process.pid}`, 'job');
  mkdirSync(join(folders, name));
  const host = readHostFacts();
  const groups = [name, tryName(name)].map(
    (one) => new Cgroup(host, `${host.cgroupParent}/${one.toLowerCase()}`),
  );
  const children = groups.map((group) => {
    const child = spawn('sleep', ['60']);
    for (const file of group.create({})) writeFileSync(file, String(child.pid));
    return { child, gone: new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal))) };
  });
  try {
    expect(groups.map((group) => group.processes().length)).toEqual([1, 1]);
    expect(await reapSandboxes(folders, `R${process.pid}`)).toEqual([]);
    expect(await Promise.all(children.map(({ gone }) => gone))).toEqual(['SIGKILL', 'SIGKILL']);
    expect(groups.map((group) => group.processes().length)).toEqual([0, 0]);
    expect(existsSync(join(folders, name))).toBe(false);
  } finally {
    for (const { child } of children) child.kill('SIGKILL');
    for (const group of groups) group.remove();
    rmSync(folders, { recursive: true, force: true });
  }
});
