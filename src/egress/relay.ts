import type { Socket } from 'node:net';
import { type Carried, handOverWhenLarge } from './bulk-relay.ts';
import {
  type ConnectionContext,
  type Grant,
  type Hello,
  PEEK_MS,
  placeOf,
  type Target,
} from './connection-context.ts';
import type { GatewayEvent } from './contract.ts';
import { type Outgoing, Outward } from './outward.ts';

interface Ends {
  readonly client: Socket;
  readonly far: Socket;
  /** What was said on `far` before, which is no payload. */
  readonly said?: { readonly inward: number; readonly outward: number };
}

/** Carries what a connection says, both ways, from the moment on that it was allowed and told. */
export function relay(
  ends: Ends,
  hello: Hello,
  grant: Grant,
  target: Target,
  context: ConnectionContext,
  started: number,
): void {
  const { client, far } = ends;
  const outward = new Outward(hello, grant, target, context);
  const watched = outward.maySwitch;
  let handed: Promise<Carried> | undefined;
  let late: NodeJS.Timeout | undefined;
  tellWhenClosed(ends, async () => {
    clearTimeout(late);
    const carried = await handed;
    const known = carried === undefined || !Number.isNaN(carried.inward + carried.outward);
    const before = ends.said ?? { inward: 0, outward: 0 };
    const inward = far.bytesRead - before.inward + (known ? (carried?.inward ?? 0) : 0);
    const outwards = far.bytesWritten - before.outward + (known ? (carried?.outward ?? 0) : 0);
    if (!known) {
      const why = `connection ${target.id}: its relay was killed, and how much it carried is not known`;
      void context.recorder.tell({ kind: 'gap', why });
    }
    await context.recorder.tell(closed(target, started, inward, outwards, outward.requests));
  });
  const cut = ({ protocol, reason }: NonNullable<Outgoing['denied']>): void => {
    void context.recorder.tell({ kind: 'connect', ...placeOf(target), protocol, verdict: 'denied', reason });
    far.destroy();
    client.resetAndDestroy();
  };
  const write = (from: Socket, to: Socket, bytes: Buffer): void => {
    if (bytes.length === 0 || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  };
  const go = ({ pass, denied }: Outgoing): void => {
    for (const bytes of denied === undefined ? pass : []) {
      if (!outward.spend('upload', bytes)) return cut(outward.overspent);
      write(client, far, bytes);
    }
    if (denied !== undefined) cut(denied);
  };
  const take = (bytes: Buffer): void => {
    go(outward.take(bytes));
    if (outward.holds) late ??= setTimeout(() => go(outward.late()), PEEK_MS);
    else if (outward.free && !client.destroyed) letGo();
  };
  // Of HTTP every request is still to be read; of anything else nothing is looked at any more, but counted where it must be.
  const letGo = (): void => {
    clearTimeout(late);
    if (outward.counts || watched) return;
    client.off('data', take);
    client.pipe(far, { end: false });
    // The kernel cannot carry what is encrypted on the way to a proxy.
    if ('encrypted' in far) return;
    // What may have to be cut stays here.
    if (target.program !== undefined) return;
    handOverWhenLarge(ends, (carried, end) => {
      handed = carried;
      const cut = (): void => {
        tellCut(target, context.recorder);
        end();
      };
      context.held.handedOver(target.id, cut, carried);
    });
  };
  client.setNoDelay(true);
  client.on('end', () => {
    go(outward.end());
    far.end();
  });
  far.on('end', () => client.end());
  go(outward.take(hello.first));
  if (client.destroyed) return;
  // What a server of TLS answers first ends the look at what its client says, or makes it longer.
  const hear = (bytes: Buffer): void => {
    const before = outward.free;
    outward.answered(bytes);
    if (outward.free) far.off('data', hear);
    if (outward.free && !before && !client.destroyed) letGo();
  };
  if (hello.protocol === 'tls' || hello.silent === true) far.on('data', hear);
  // Before the watch for large connections: a chunk is carried first, and then counted.
  if (outward.mayCount || watched) {
    far.on('data', (all: Buffer) => {
      const bytes = outward.said(all);
      if (bytes === undefined) return;
      if (outward.spend('download', bytes)) write(far, client, bytes);
      else cut(outward.overspent);
    });
  } else {
    far.pipe(client, { end: false });
  }
  if (!outward.free || outward.counts || watched) client.on('data', take);
  if (outward.free) letGo();
  client.resume();
  if (client.readableEnded) far.end();
}

/** That a connection was ended because the policy allows less than when it began. */
export function tellCut(target: Target, recorder: ConnectionContext['recorder']): void {
  void recorder.tell({
    kind: 'connect',
    ...placeOf(target),
    protocol: 'tcp',
    verdict: 'denied',
    reason: 'policy-narrowed',
  });
}

/** Ends each side with the other, and tells once when both have closed. */
function tellWhenClosed({ client, far }: Ends, tell: () => Promise<void>): void {
  let told = false;
  for (const [one, other] of [
    [client, far],
    [far, client],
  ] as const) {
    one.on('error', () => one.destroy());
    one.on('close', () => {
      other.destroySoon();
      if (told || !client.destroyed || !far.destroyed) return;
      told = true;
      void tell();
    });
  }
}

export function closed(
  target: Pick<Target, 'id'>,
  started: number,
  bytesIn: number,
  bytesOut: number,
  requests: number,
  failure?: string,
): GatewayEvent {
  return {
    kind: 'closed',
    id: target.id,
    bytesIn,
    bytesOut,
    durationMs: Date.now() - started,
    requests,
    ...(failure !== undefined && { failure }),
  };
}
