import { afterEach, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let gateway: Gateway | undefined;
afterEach(() => gateway?.close());

test('plain HTTP on port 443 and TLS on port 80 go nowhere, whatever host they name', async () => {
  const events: GatewayEvent[] = [];
  gateway = await openGateway(['api.test'], (event) => void events.push(event));
  const seen = await inside(
    gateway,
    `
import ssl
a = ask('api.test')
print(get(a, 443, 'GET / HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n'))
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
print(attempt(lambda: context.wrap_socket(socket.create_connection((a, 80), 5), server_hostname='api.test')))
`,
  );
  expect(seen).toContain('403 Forbidden');
  expect(seen).toContain('protocol-not-allowed');
  const told = events.flatMap((event) =>
    event.kind === 'connect' ? [[event.port, event.verdict, event.reason]] : [],
  );
  expect(told).toEqual([
    [443, 'denied', 'protocol-not-allowed'],
    [80, 'denied', 'protocol-not-allowed'],
  ]);
});
