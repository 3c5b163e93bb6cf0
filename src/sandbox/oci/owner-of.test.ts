import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HolderSearch } from './owner-of.ts';

let server: Server;
let port = 0;
const children: ReturnType<typeof spawn>[] = [];

beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  server.close();
});

/** A process that holds so many descriptors, and nothing else of interest. */
async function crowd(descriptors: number): Promise<number> {
  const code = `
import os, sys, time, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (${descriptors + 100}, ${descriptors + 100}))
null = os.open('/dev/null', 0)
for _ in range(${descriptors}): os.dup(null)
print('held', flush=True); time.sleep(600)`;
  const child = spawn('python3', ['-c', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child.pid ?? 0;
}

describe('who holds a connection', () => {
  test('is found among others', async () => {
    const others = [await crowd(50), await crowd(50)];
    const search = new HolderSearch(process.pid, () => [...others, process.pid]);
    expect(search.find({ localPort: port })).toMatchObject({ pid: process.pid });
  });

  test('stays unknown where a job has made the search long, and nothing is searched for a while then', async () => {
    const others = [await crowd(9_000)];
    let asked = 0;
    let clock = 0;
    const processes = (): readonly number[] => {
      asked += 1;
      // Each search is found to have taken so long.
      clock += 300;
      return [...others, process.pid];
    };
    const search = new HolderSearch(process.pid, processes, () => clock);
    for (let i = 0; i < 100; i += 1) expect(search.find({ localPort: port })).toBeUndefined();
    expect(asked).toBe(2);
    others.pop();
    clock += 60_000;
    expect(search.find({ localPort: port })).toMatchObject({ pid: process.pid });
  });
});
