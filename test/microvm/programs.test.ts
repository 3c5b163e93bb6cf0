import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileIn, Workshop } from '../profiles/job.fixture.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop('qemu');
  const context = join(workshop.work, 'context');
  mkdirSync(context);
  copyFileSync('/usr/bin/busybox', join(context, 'busybox'));
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /bin/sh\nRUN echo by a step >/made\n',
  );
  writeFileSync(
    join(workshop.work, 'page.html'),
    '<h1 id=at></h1><script>document.getElementById("at").textContent = "made by " + "the page"</script>',
  );
});
afterAll(() => workshop.remove());

describe('in a microVM', () => {
  test('gdb and strace work on a job’s own programs with profile debugger', async () => {
    const { output, code, events } = await workshop.run(
      `gdb -q -batch -ex 'break exit' -ex run -ex continue --args /usr/bin/env true 2>&1
strace -f -o trace cat /etc/hostname && grep -c execve trace`,
      'debugger',
    );
    expect(output).toContain('exited normally');
    expect(output).toMatch(/sandbox\n[1-9]\d*\n$/);
    expect(code).toBe(0);
    expect(profileIn(events)).toMatchObject({ name: 'debugger' });
  });

  test('docker build runs the steps of a Dockerfile with profile nested-build', async () => {
    const { output, code } = await workshop.run(
      `cd context && docker build -t made . 2>&1 && docker run --rm made sh -c 'read made </made; echo "$made"'`,
      'nested-build',
    );
    expect(output).toMatch(/Successfully tagged .*\nby a step\n$/s);
    expect(code).toBe(0);
  });

  test('Chromium shows a page behind its own sandbox with profile browser', async () => {
    const { output, code } = await workshop.run(
      `chromium --headless --disable-gpu --no-first-run --disable-background-networking --user-data-dir=/tmp/profile \\
  --dump-dom "file://$PWD/page.html" 2>errors; cat errors >&2`,
      'browser',
    );
    expect(output).toContain('made by the page');
    expect(output).not.toContain('No usable sandbox');
    expect(code).toBe(0);
  });
});
