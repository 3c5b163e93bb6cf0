import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CustomRule } from '../config/index.ts';
import { NOTHING } from '../custom-rules/index.ts';
import { parseAllowlist } from './allowlist.ts';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside } from './gateway.fixture.ts';
import { startGateway } from './gateway.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];
/** What arrived at the far side, whatever the gateway says of it. */
let arrived: string[] = [];

beforeEach(async () => {
  events = [];
  arrived = [];
  upstream = createServer((request, response) => {
    arrived.push(`${request.method} ${request.url}`);
    response.end('ok');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  upstream.closeAllConnections();
  upstream.close();
});

async function open(deny?: string): Promise<Gateway> {
  const rule: CustomRule = { id: 'mine', at: ['during'], deny: deny ?? '', why: 'it is not wanted' };
  const allow = parseAllowlist([`api.test:${port}`], {});
  if (!allow.ok) throw new Error(allow.error.why);
  const opened = await startGateway({
    policy: { allow: allow.value, allowRanges: ['127.0.0.0/8'] },
    resolver: { kind: 'static', addresses: { 'api.test': ['127.0.0.1'] } },
    ...(deny !== undefined && { rules: { rules: [rule], input: NOTHING } }),
    record: async (event) => void events.push(event),
  }).armed;
  if (!opened.ok) throw new Error(opened.error.why);
  gateway = opened.value;
  return gateway;
}

const denials = (): readonly string[] =>
  events.flatMap((event) =>
    event.kind === 'connect' && event.verdict === 'denied' ? [event.reason ?? ''] : [],
  );
const head = (line: string): string =>
  `${line} HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nConnection: close\\r\\n\\r\\n`;
const send = (of: Gateway, line: string): Promise<string> =>
  inside(of, `print(attempt(lambda: get(ask('api.test'), ${port}, '${head(line)}')))`);

describe('a rule of the user’s own at the gateway', () => {
  test('keeps from the far side what the allowlist would let through, and the same passes without it', async () => {
    const deny = 'connection.host == "api.test" && connection.method == "POST"';
    expect(await send(await open(deny), 'POST /a')).toMatch(/403 .*own\/mine/s);
    expect(arrived).toEqual([]);
    expect(denials()).toEqual(['own/mine']);
    await gateway?.close();
    expect(await send(await open(), 'POST /a')).toContain('ok');
    expect(arrived).toEqual(['POST /a']);
  });

  test('lets through what it does not deny', async () => {
    expect(await send(await open('connection.method == "POST"'), 'GET /a')).toContain('ok');
    expect(denials()).toEqual([]);
  });

  test('holds for each request of a connection that stays open', async () => {
    const of = await open('connection.path.startsWith("/private")');
    const two = head('GET /a').replace('close', 'keep-alive') + head('GET /private/x');
    await inside(of, `print(attempt(lambda: get(ask('api.test'), ${port}, '${two}')))`);
    expect(arrived).not.toContain('GET /private/x');
    expect(denials()).toEqual(['own/mine']);
  });

  test('that cannot be decided lets nothing through', async () => {
    expect(await send(await open('job.steps[3].run == ""'), 'GET /a')).toMatch(/403 .*own\/mine/s);
    expect(arrived).toEqual([]);
  });

  test('that cannot be used lets no gateway be armed', async () => {
    await expect(open('connection.nothing == ""')).rejects.toThrow();
  });
});
