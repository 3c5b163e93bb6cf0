import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileIn, Workshop } from './job.fixture.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.remove());

const DEBUG = `
gdb -q -batch -ex 'break exit' -ex run -ex bt -ex continue --args /usr/bin/env true 2>&1
strace -f -o trace sh -c 'cat /etc/hostname; true' && grep -c execve trace
`;
const ATTACK = `
gdb -q -batch -p 1 2>&1 | grep -v '^warning'
strace -p 1 2>&1
gcore -o core 1 2>&1 | tail -1
`;

describe('gdb and strace', () => {
  test('work on a job\u2019s own programs with profile debugger', async () => {
    const { output, code, events, record } = await workshop.run(DEBUG, 'debugger');
    expect(code).toBe(0);
    expect(output).toMatch(/#0 .*exit/);
    expect(output).toContain('exited normally');
    expect(output).toMatch(/sandbox\n[1-9]\d*\n$/);
    expect(profileIn(events)).toMatchObject({ name: 'debugger' });
    expect(record).toBe('whole');
  });

  test('do not without it', async () => {
    const { output, events } = await workshop.run(DEBUG, undefined);
    expect(output).toMatch(/ptrace|Operation not permitted/);
    expect(output).not.toContain('exited normally');
    expect(profileIn(events)).toBeUndefined();
  });

  test('do not reach process 1, which holds the way out of the sandbox', async () => {
    const { output } = await workshop.run(ATTACK, 'debugger');
    expect(output.match(/Operation not permitted/g)?.length).toBeGreaterThanOrEqual(2);
    expect(output).not.toContain('Saved corefile');
  });
});
