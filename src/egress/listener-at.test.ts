import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { listenerAt } from './listener-at.ts';

test('a listener is seen by asking it, and none only where the kernel says that there is none', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  expect(await listenerAt(place)).toBe('somebody listens');
  await new Promise((resolve) => {
    server.close(resolve);
  });
  expect(await listenerAt(place)).toBeUndefined();
  expect(await listenerAt({ host: 'fe80::1', port: 9 })).toMatch(/^whoever asks/);
});
