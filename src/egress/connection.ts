import { connect, isIP, type Socket } from 'node:net';
import { type Ranges, mayDial } from './address.ts';
import { type Carried, handOverWhenLarge } from './bulk-relay.ts';
import { looksLikeTls, readClientHello } from './client-hello.ts';
import type { DenialReason, EgressPolicy, GatewayEvent } from './contract.ts';
import { allowsPort, decide } from './decide.ts';
import { HttpRequests, looksLikeHttp } from './http-requests.ts';
import type { NamePool } from './name-pool.ts';
import type { Recorder } from './recorder.ts';

export interface ConnectionContext {
  readonly policy: EgressPolicy;
  readonly ranges: Ranges;
  readonly pool: NamePool;
  readonly recorder: Recorder;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly next: () => number;
}

/**
 * How long and how much a client may take until it has said what it wants. A busy client connects long before it speaks;
 * on a port that no entry names nothing that it says can help it, so it is not kept waiting.
 */
const PEEK_MS = 10_000;
const HOPELESS_PEEK_MS = 1_000;
const SILENT_PEEK_MS = 50;
const PEEK_BYTES = 32_768;
const DIAL_MS = 10_000;
/** TLS alerts (RFC 8446 section 6): fatal, access_denied; fatal, decode_error. */
const ALERT_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);

interface Target {
  readonly id: number;
  readonly family: 4 | 6;
  readonly clientPort: number;
  readonly address: string;
  readonly port: number;
  readonly host?: string;
}

type Hello =
  | { readonly protocol: 'tls' | 'http'; readonly claimed?: string; readonly first: Buffer }
  | { readonly protocol: 'tcp'; readonly first: Buffer }
  | { readonly protocol: 'tls' | 'http'; readonly malformed: true; readonly first: Buffer };

/** Serves one connection of the job's: finds where it was going, decides, has the decision recorded, and only then dials. */
export async function serve(client: Socket, context: ConnectionContext): Promise<void> {
  client.on('error', () => client.destroy());
  const target = targetOf(client, context);
  const literalAllowed = context.policy.allow.some((entry) => entry.host === target.address);
  if (target.host === undefined && !literalAllowed) {
    const reason = mayDial(target.address, context.ranges) ? 'address-without-name' : 'forbidden-range';
    await deny(client, target, context, { protocol: 'tcp', first: Buffer.alloc(0) }, reason);
    return;
  }
  const hello = await readHello(client, patience(context.policy, target));
  if (hello === undefined) {
    client.destroy();
    return;
  }
  if ('malformed' in hello) {
    await deny(client, target, context, hello, 'malformed');
    return;
  }
  const verdict = decide(context.policy, {
    host: target.host ?? target.address,
    port: target.port,
    protocol: hello.protocol,
    ...('claimed' in hello && hello.claimed !== undefined && { claimed: hello.claimed }),
  });
  if (!verdict.allowed) {
    await deny(client, target, context, hello, verdict.reason);
    return;
  }
  await pass(client, target, context, hello, verdict.entry.entry);
}

function targetOf(client: Socket, context: ConnectionContext): Target {
  const address = (client.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  const host = context.pool.name(address);
  return {
    id: context.next(),
    family: isIP(address) === 6 ? 6 : 4,
    clientPort: client.remotePort ?? 0,
    address,
    port: client.localPort ?? 0,
    ...(host !== undefined && { host }),
  };
}

interface Patience {
  readonly ms: number;
  /** The far side may speak first: the operator named this port. */
  readonly mayBeSilent: boolean;
}

function patience(policy: EgressPolicy, { host, address, port }: Target): Patience {
  const entry = allowsPort(policy, host ?? address, port);
  if (entry === undefined) return { ms: HOPELESS_PEEK_MS, mayBeSilent: false };
  const mayBeSilent = entry.ports !== undefined && port !== 443 && port !== 80;
  return { ms: mayBeSilent ? SILENT_PEEK_MS : PEEK_MS, mayBeSilent };
}

/**
 * Reads until it is clear what the connection is. Undefined when the client went away without a word, as one does that
 * tried two addresses of a name and was faster with the other (RFC 8305).
 */
function readHello(client: Socket, { ms, mayBeSilent }: Patience): Promise<Hello | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const done = (hello: Hello | undefined): void => {
      clearTimeout(timer);
      client.off('data', look);
      client.off('close', gone);
      client.off('end', ended);
      client.pause();
      resolve(hello);
    };
    const gone = (): void => done(undefined);
    const ended = (): void => {
      done(bytes.length === 0 && !mayBeSilent ? undefined : { protocol: 'tcp', first: bytes });
    };
    const timer = setTimeout(() => done({ protocol: 'tcp', first: bytes }), ms);
    const look = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const hello = classify(bytes);
      if (hello !== undefined) done(hello);
      else if (bytes.length > PEEK_BYTES) done({ protocol: 'tcp', first: bytes });
    };
    client.on('data', look);
    client.on('close', gone);
    client.on('end', ended);
  });
}

function classify(bytes: Buffer): Hello | undefined {
  if (looksLikeTls(bytes)) {
    const hello = readClientHello(bytes);
    if (hello.kind === 'more') return undefined;
    if (hello.kind === 'malformed') return { protocol: 'tls', malformed: true, first: bytes };
    return {
      protocol: 'tls',
      first: bytes,
      ...(hello.serverName !== undefined && { claimed: hello.serverName }),
    };
  }
  if (!looksLikeHttp(bytes)) return { protocol: 'tcp', first: bytes };
  if (!bytes.includes('\r\n\r\n')) return undefined;
  let found: Hello = { protocol: 'http', malformed: true, first: bytes };
  new HttpRequests().take(bytes, (head) => {
    if (head.kind === 'head')
      found = { protocol: 'http', first: bytes, ...(head.host !== undefined && { claimed: head.host }) };
    return false;
  });
  return found;
}

/** One cause, one behaviour: an alert for TLS, a 403 with the reason for HTTP, a reset for the rest. Never a wait. */
async function deny(
  client: Socket,
  target: Target,
  context: ConnectionContext,
  hello: Hello,
  reason: DenialReason,
): Promise<void> {
  // Told first, while the connection still stands: who made it can then be found.
  await context.recorder.tell({
    kind: 'connect',
    ...target,
    protocol: hello.protocol,
    verdict: 'denied',
    reason,
  });
  if (hello.protocol === 'tls') {
    client.end(ALERT_DENIED, () => client.destroy());
  } else if (hello.protocol === 'http') {
    client.end(forbidden(target, reason), () => client.destroy());
  } else {
    client.resetAndDestroy();
  }
}

function forbidden(target: Target, reason: DenialReason): string {
  const host = target.host ?? target.address;
  const body = `Denied by Cofferdam: ${host}:${target.port} (${reason}).\nIf the job needs it, allow it by name: --allow ${host}\n`;
  return `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

async function pass(
  client: Socket,
  target: Target,
  context: ConnectionContext,
  hello: Hello,
  entry: string,
): Promise<void> {
  const addresses = target.host === undefined ? [target.address] : await context.resolve(target.host);
  const open = addresses.filter((address) => mayDial(address, context.ranges));
  if (addresses.length > 0 && open.length === 0) {
    await deny(client, target, context, hello, 'forbidden-range');
    return;
  }
  const started = Date.now();
  const far = await dial(open, target.port);
  const base = { ...target, protocol: hello.protocol, verdict: 'allowed' as const, entry };
  const dialled = far?.remoteAddress;
  const recorded = await context.recorder.recorded({
    kind: 'connect',
    ...base,
    ...(dialled !== undefined && { dialled }),
  });
  if (far === undefined || !recorded || client.destroyed) {
    far?.destroy();
    client.resetAndDestroy();
    void context.recorder.tell(
      closed(target, started, 0, 0, 0, far === undefined ? 'unreachable' : 'not recorded'),
    );
    return;
  }
  relay(client, far, hello, target, context, started);
}

/** The addresses in turn. What is dialled is what was resolved and checked: nothing is resolved again. */
async function dial(addresses: readonly string[], port: number): Promise<Socket | undefined> {
  for (const host of addresses.slice(0, 8)) {
    const far = await new Promise<Socket | undefined>((resolve) => {
      const socket = connect({ host, port, noDelay: true, timeout: DIAL_MS });
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.removeAllListeners();
        resolve(socket);
      });
      const failed = (): void => {
        socket.destroy();
        resolve(undefined);
      };
      socket.once('error', failed);
      socket.once('timeout', failed);
    });
    if (far !== undefined) return far;
  }
  return undefined;
}

function relay(
  client: Socket,
  far: Socket,
  hello: Hello,
  target: Target,
  context: ConnectionContext,
  started: number,
): void {
  const requests = hello.protocol === 'http' ? new HttpRequests() : undefined;
  const inspect = (bytes: Buffer): boolean =>
    requests === undefined ||
    requests.take(bytes, (head) => head.kind === 'head' && head.host === (target.host ?? target.address));
  let told = false;
  let handed: Promise<Carried> | undefined;
  const finish = (): void => {
    if (told || !client.destroyed || !far.destroyed) return;
    told = true;
    void tellClosed();
  };
  const tellClosed = async (): Promise<void> => {
    const carried = await handed;
    const known = carried === undefined || !Number.isNaN(carried.inward + carried.outward);
    const inward = far.bytesRead + (known ? (carried?.inward ?? 0) : 0);
    const outward = far.bytesWritten + (known ? (carried?.outward ?? 0) : 0);
    if (!known) {
      const why = `connection ${target.id}: its relay was killed, and how much it carried is not known`;
      void context.recorder.tell({ kind: 'gap', why });
    }
    await context.recorder.tell(closed(target, started, inward, outward, requests?.requests ?? 1));
  };
  for (const [one, other] of [
    [client, far],
    [far, client],
  ] as const) {
    one.on('error', () => one.destroy());
    one.on('close', () => {
      other.destroySoon();
      finish();
    });
  }
  const outward = (bytes: Buffer): void => {
    if (!inspect(bytes)) {
      const reason: DenialReason = 'name-mismatch';
      void context.recorder.tell({ kind: 'connect', ...target, protocol: 'http', verdict: 'denied', reason });
      far.destroy();
      client.resetAndDestroy();
      return;
    }
    if (!far.write(bytes)) {
      client.pause();
      far.once('drain', () => client.resume());
    }
  };
  client.setNoDelay(true);
  client.on('end', () => far.end());
  far.on('end', () => client.end());
  outward(hello.first);
  if (client.destroyed) return;
  if (requests === undefined) client.pipe(far, { end: false });
  else client.on('data', outward);
  far.pipe(client, { end: false });
  client.resume();
  // Of HTTP every request is still to be read; of anything else nothing is looked at any more.
  if (requests === undefined) {
    handOverWhenLarge({ client, far }, (carried) => {
      handed = carried;
    });
  }
  if (client.readableEnded) far.end();
}

function closed(
  target: Target,
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
