import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Told of a job that asks a name which leads to 203.0.113.7, where that is an address of this machine. */
const PROGRAM = `
import { createServer } from 'node:http';
import { inside, openGateway } from './gateway.fixture.ts';
const server = createServer((_request, response) => response.end('a service of the machine'));
await new Promise((resolve) => server.listen(80, '203.0.113.7', resolve));
const told = [];
for (const ranges of [[], ['203.0.113.0/24']]) {
  const gateway = await openGateway(['own.test'], () => undefined, ranges);
  const get = 'GET / HTTP/1.1\\\\r\\\\nHost: own.test\\\\r\\\\nConnection: close\\\\r\\\\n\\\\r\\\\n';
  told.push(await inside(gateway, "print(get(ask('own.test'), 80, '" + get + "'))"));
  await gateway.close();
}
server.close();
process.stdout.write(JSON.stringify(told));
`;

test('a name that leads to a public address of this machine is refused, unless the operator named the range', () => {
  const machine = 'ip link set lo up && ip addr add 203.0.113.7/32 dev lo && exec "$@"';
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    PROGRAM,
  ];
  const out = execFileSync('unshare', ['--net', 'sh', '-c', machine, 'sh', ...node], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  const [refused, allowed] = JSON.parse(out) as readonly string[];
  expect(refused).toContain('403 Forbidden');
  expect(refused).toContain('forbidden-range');
  expect(allowed).toContain('a service of the machine');
});
