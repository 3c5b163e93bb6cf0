import type { Socket } from 'node:net';
import { mayDial } from './address.ts';
import type { ConnectionContext, Target } from './connection-context.ts';
import type { DenialReason } from './contract.ts';
import { dial } from './dial.ts';
import type { UpstreamProxy, Via } from './upstream/contract.ts';
import { dialByProxy, type ProxyDialing } from './upstream/dial-proxy.ts';
import { isExcepted } from './upstream/exceptions.ts';

/** How an allowed destination was reached, or why it is not. */
export type Way =
  | {
      readonly kind: 'open';
      /** Absent: nothing answers there. */
      readonly far?: Socket;
      /** The address that was dialled, or that a proxy was asked for. */
      readonly dialled?: string;
      readonly via?: Via;
      /** Bytes on the socket that are no payload. */
      readonly said: { readonly inward: number; readonly outward: number };
      /** A further connection to the same place, by the same way. */
      readonly again: () => Promise<Socket | undefined>;
    }
  | { readonly kind: 'denied'; readonly reason: DenialReason; readonly via?: Via };

const NOTHING = { inward: 0, outward: 0 };

/**
 * The way to an allowed destination: what is dialled, or asked of a proxy, is the address that was resolved and checked here,
 * unless the operator leaves names to the proxy. With a proxy nothing is dialled directly but what was excepted, whatever fails.
 */
export async function openWay(target: Target, context: ConnectionContext): Promise<Way> {
  const { proxy } = context;
  const host = target.host ?? target.address;
  if (proxy !== undefined && leadsToProxy(proxy.proxy, host, target.port, []))
    return { kind: 'denied', reason: 'upstream-proxy' };
  const byName = proxy?.proxy.resolves === 'proxy' && target.host !== undefined;
  if (proxy !== undefined && byName && !isExcepted(proxy.proxy.except, host, [])) {
    // Another name for the proxy, as far as it is known here.
    const [its, found] =
      target.port === proxy.proxy.port
        ? await Promise.all([context.resolve(proxy.proxy.host), context.resolve(host)])
        : [[], []];
    if (found.some((address) => leadsToProxy(proxy.proxy, address, target.port, its)))
      return { kind: 'denied', reason: 'upstream-proxy' };
    return byProxy(proxy, [host], target.port, 'proxy');
  }
  const addresses = target.host === undefined ? [target.address] : await context.resolve(target.host);
  const own = context.own();
  const open = addresses.filter((address) => mayDial(address, context.ranges, own));
  if (addresses.length > 0 && open.length === 0) return { kind: 'denied', reason: 'forbidden-range' };
  if (proxy !== undefined) {
    const its = await context.resolve(proxy.proxy.host);
    if (open.some((address) => leadsToProxy(proxy.proxy, address, target.port, its)))
      return { kind: 'denied', reason: 'upstream-proxy' };
    if (!isExcepted(proxy.proxy.except, host, open)) return byProxy(proxy, open, target.port, 'gateway');
  }
  const far = await dial(open, target.port);
  const dialled = far?.remoteAddress;
  return {
    kind: 'open',
    ...(far !== undefined && { far }),
    ...(dialled !== undefined && { dialled }),
    said: NOTHING,
    again: () => dial(open, target.port),
  };
}

/** Whoever may speak to the proxy itself may go wherever it goes. */
function leadsToProxy(proxy: UpstreamProxy, host: string, port: number, its: readonly string[]): boolean {
  return port === proxy.port && (host === proxy.host || its.includes(host));
}

const MAX_ASKED = 4;

async function byProxy(
  dialing: ProxyDialing,
  hosts: readonly string[],
  port: number,
  resolved: Via['resolved'],
): Promise<Way> {
  const { kind, host, port: at } = dialing.proxy;
  const via: Via = { kind, host, port: at, resolved };
  let failed: { readonly reason: DenialReason; readonly failure: string } | undefined;
  for (const asked of hosts.slice(0, MAX_ASKED)) {
    const answer = await dialByProxy(dialing, { host: asked, port });
    if (answer.kind === 'open') {
      const again = async (): Promise<Socket | undefined> => {
        const more = await dialByProxy(dialing, { host: asked, port });
        return more.kind === 'open' ? more.far : undefined;
      };
      const dialled = resolved === 'gateway' ? { dialled: asked } : {};
      return { kind: 'open', far: answer.far, ...dialled, via, said: answer.said, again };
    }
    const reason = answer.kind === 'refused' ? 'proxy-refused' : 'proxy-unreachable';
    failed ??= { reason, failure: answer.failure };
    if (answer.kind === 'unreachable') break;
  }
  // A name without an address: as it is without a proxy.
  if (failed === undefined) return { kind: 'open', via, said: NOTHING, again: async () => undefined };
  return { kind: 'denied', reason: failed.reason, via: { ...via, failure: failed.failure } };
}
