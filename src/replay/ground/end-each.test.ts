import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { endEach } from './end-each.ts';

function sleeping() {
  const child = spawn('sleep', ['60']);
  const ended = new Promise((resolve) => {
    child.once('exit', (_, signal) => resolve(signal));
  });
  return { pid: child.pid ?? 0, ended };
}

test('what is left of a job is ended, also when one of its processes has ended meanwhile', async () => {
  const [first, second] = [sleeping(), sleeping()];
  endEach([first.pid]);
  await first.ended;
  endEach([first.pid, second.pid]);
  expect(await second.ended).toBe('SIGKILL');
});
