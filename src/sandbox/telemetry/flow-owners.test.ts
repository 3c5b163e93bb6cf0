import { expect, test } from 'vitest';
import { FlowOwners } from './flow-owners.ts';

const process = { pid: 7, argv: ['curl'] };

test('who asks for the owner of a connection before the word of it has come gets it as soon as it comes', async () => {
  const flows = new FlowOwners();
  const [first, second] = [flows.told('tcp', 4_000, 60_000), flows.told('tcp', 4_000, 60_000)];
  const other = flows.told('udp', 4_000, 5);
  flows.add({ protocol: 'tcp', localPort: 4_000, process });
  expect(await Promise.all([first, second])).toEqual([process, process]);
  expect(await other).toBeUndefined();
  expect(await flows.told('tcp', 4_000, 60_000)).toBe(process);
});
