import { expect, test } from 'vitest';
import type { GatewayEvent } from './contract.ts';
import { Recorder } from './recorder.ts';

test.each<[string, (index: number) => GatewayEvent]>([
  ['a gap', () => ({ kind: 'gap', why: 'it came too fast' })],
  ['gaps', (index) => ({ kind: 'gap', why: `connection ${index}` })],
  [
    'refused packets',
    (index) => ({ kind: 'refused-packet', family: 4, protocol: 'udp', address: '198.51.100.1', port: index }),
  ],
  [
    'denied questions',
    (index) => ({
      kind: 'dns',
      name: `${index}.test`,
      type: 'A',
      verdict: 'denied',
      transport: 'udp',
      clientPort: 1,
    }),
  ],
  [
    'denied connections',
    (index) => ({
      kind: 'connect',
      id: index,
      family: 4,
      clientPort: index,
      address: '198.51.100.1',
      port: index,
      protocol: 'tcp',
      verdict: 'denied',
    }),
  ],
])('a flood of %s is told in bounds, and its number at the end', async (_what, event) => {
  const told: GatewayEvent[] = [];
  const recorder: Recorder = new Recorder((number, sent) => {
    told.push(sent);
    recorder.acknowledge(number, true);
  });
  for (let index = 0; index < 100_000; index += 1) await recorder.tell(event(index));
  expect(told.length).toBeLessThanOrEqual(2_000);
  await recorder.finish();
  const last = told.at(-1);
  const missing = 100_000 - (told.length - 1);
  expect(last).toMatchObject({ kind: 'gap', why: expect.stringContaining(String(missing)) });
});

test('what was told too often is told once more with its count, and is no gap', async () => {
  const told: GatewayEvent[] = [];
  const recorder: Recorder = new Recorder((number, sent) => {
    told.push(sent);
    recorder.acknowledge(number, true);
  });
  const question = {
    kind: 'dns',
    name: 'a.test',
    type: 'A',
    verdict: 'denied',
    transport: 'udp',
    clientPort: 1,
  } as const;
  for (let index = 0; index < 1_000; index += 1) await recorder.tell({ ...question, clientPort: index });
  await recorder.finish();
  expect(told).toHaveLength(21);
  expect(told.at(-1)).toMatchObject({ kind: 'dns', name: 'a.test', verdict: 'denied', count: 980 });
});
