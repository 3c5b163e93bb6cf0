import type { Socket } from 'node:net';
import { type Carried, handOverWhenLarge } from './bulk-relay.ts';
import { type ConnectionContext, type Hello, PEEK_MS, type Target } from './connection-context.ts';
import type { DenialReason, GatewayEvent } from './contract.ts';
import { decide } from './decide.ts';
import { FirstWords, type Words } from './first-words.ts';
import { HttpRequests } from './http-requests.ts';

interface Ends {
  readonly client: Socket;
  readonly far: Socket;
}

/** What of a connection may go out: looked at for as long as it can still name another host. */
class Outward {
  readonly #target: Target;
  readonly #context: Pick<ConnectionContext, 'policy'>;
  #words: FirstWords | undefined;
  #requests: HttpRequests | undefined;

  constructor(hello: Hello, target: Target, context: ConnectionContext) {
    this.#target = target;
    this.#context = context;
    this.#words = hello.silent === true ? new FirstWords() : undefined;
    this.#requests = hello.protocol === 'http' ? new HttpRequests() : undefined;
  }

  /** Whether nothing more is to be looked at. */
  get free(): boolean {
    return this.#words === undefined && this.#requests === undefined;
  }

  get requests(): number {
    return this.#requests === undefined ? 1 : this.#requests.requests;
  }

  /** Bytes are held that are not clear yet. */
  get holds(): boolean {
    return (this.#words?.size ?? 0) > 0;
  }

  take(bytes: Buffer): Outgoing {
    if (this.#words !== undefined) {
      const words = this.#words.take(bytes);
      return words === undefined ? { pass: [] } : this.#settle(words);
    }
    if (this.#requests === undefined) return { pass: [bytes] };
    const host = this.#target.host ?? this.#target.address;
    const { pass, ended } = this.#requests.take(bytes, (head) => head.kind === 'head' && head.host === host);
    if (ended === undefined) return { pass };
    return { pass, denied: { protocol: 'http', reason: ended === 'head' ? 'name-mismatch' : 'malformed' } };
  }

  /** The client has ended its side. */
  end(): Outgoing {
    return this.#words !== undefined && this.holds ? this.#settle(this.#words.ended()) : { pass: [] };
  }

  /** Too long has passed since it began to speak. */
  late(): Outgoing {
    return this.#words === undefined ? { pass: [] } : this.#settle(this.#words.unclear());
  }

  /** Who spoke late is decided upon as if he had spoken at once. */
  #settle(words: Words): Outgoing {
    this.#words = undefined;
    if ('malformed' in words) return { pass: [], denied: { protocol: words.protocol, reason: 'malformed' } };
    const claimed = 'claimed' in words && words.claimed !== undefined ? { claimed: words.claimed } : {};
    const { host, address, port } = this.#target;
    const to = { host: host ?? address, port, protocol: words.protocol, ...claimed };
    const verdict = decide(this.#context.policy, to);
    if (!verdict.allowed) {
      return { pass: [], denied: { protocol: words.protocol, reason: verdict.reason } };
    }
    if (words.protocol === 'http') {
      this.#requests = new HttpRequests();
      return this.take(words.first);
    }
    return { pass: [words.first] };
  }
}

interface Outgoing {
  readonly pass: readonly Buffer[];
  readonly denied?: { readonly protocol: Words['protocol']; readonly reason: DenialReason };
}

/** Carries what a connection says, both ways, from the moment on that it was allowed and told. */
export function relay(
  ends: Ends,
  hello: Hello,
  target: Target,
  context: ConnectionContext,
  started: number,
): void {
  const { client, far } = ends;
  const outward = new Outward(hello, target, context);
  let handed: Promise<Carried> | undefined;
  let late: NodeJS.Timeout | undefined;
  tellWhenClosed(ends, async () => {
    clearTimeout(late);
    const carried = await handed;
    const known = carried === undefined || !Number.isNaN(carried.inward + carried.outward);
    const inward = far.bytesRead + (known ? (carried?.inward ?? 0) : 0);
    const outwards = far.bytesWritten + (known ? (carried?.outward ?? 0) : 0);
    if (!known) {
      const why = `connection ${target.id}: its relay was killed, and how much it carried is not known`;
      void context.recorder.tell({ kind: 'gap', why });
    }
    await context.recorder.tell(closed(target, started, inward, outwards, outward.requests));
  });
  const go = ({ pass, denied }: Outgoing): void => {
    if (denied !== undefined) {
      const { protocol, reason } = denied;
      void context.recorder.tell({ kind: 'connect', ...target, protocol, verdict: 'denied', reason });
      far.destroy();
      client.resetAndDestroy();
      return;
    }
    let slow = false;
    for (const bytes of pass) if (bytes.length > 0) slow = !far.write(bytes);
    if (slow) {
      client.pause();
      far.once('drain', () => client.resume());
    }
  };
  const take = (bytes: Buffer): void => {
    go(outward.take(bytes));
    if (outward.holds) late ??= setTimeout(() => go(outward.late()), PEEK_MS);
    else if (outward.free && !client.destroyed) letGo();
  };
  // Of HTTP every request is still to be read; of anything else nothing is looked at any more.
  const letGo = (): void => {
    clearTimeout(late);
    client.off('data', take);
    client.pipe(far, { end: false });
    handOverWhenLarge(ends, (carried) => {
      handed = carried;
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
  // Before the watch for large connections: a chunk is carried first, and then counted.
  far.pipe(client, { end: false });
  if (outward.free) letGo();
  else client.on('data', take);
  client.resume();
  if (client.readableEnded) far.end();
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
