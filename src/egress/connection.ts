import { isIP, type Socket } from 'node:net';
import { mayDial } from './address.ts';
import {
  type ConnectionContext,
  type Grant,
  type Hello,
  PEEK_MS,
  placeOf,
  type Target,
} from './connection-context.ts';
import type { DecidingProgram, DenialReason, EgressPolicy } from './contract.ts';
import { decide, entriesAt, entriesByProgram, isMisplaced } from './decide.ts';
import { ruleReason } from './own-rules.ts';
import { readsRequests } from '../config/index.ts';
import { FirstWords, reasonOf, type Words } from './first-words.ts';
import { decidingProgram, programNames } from './programs.ts';
import { closed, relay, tellCut } from './relay.ts';
import { followSsh } from './ssh/follow.ts';
import { disconnect } from './ssh/handshake.ts';
import type { Via } from './upstream/contract.ts';
import { openWay } from './way-out.ts';

/** On a port that no entry names nothing that a client says can help it, so it is not kept waiting. */
const HOPELESS_PEEK_MS = 1_000;
const SILENT_PEEK_MS = 50;
/** TLS alerts (RFC 8446 section 6): fatal, access_denied; fatal, decode_error. */
const ALERT_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);

/** Serves one connection of the job's: finds where it was going, decides, has the decision recorded, and only then dials. */
export async function serve(client: Socket, context: ConnectionContext): Promise<void> {
  client.on('error', () => client.destroy());
  const place = targetOf(client, context);
  holdToPolicy(client, place, context);
  const literalAllowed = context.policy.allow.some((entry) => entry.host === place.address);
  if (place.host === undefined && !literalAllowed) {
    const reason = mayDial(place.address, context.ranges, context.own())
      ? 'address-without-name'
      : 'forbidden-range';
    await deny(client, place, context, 'tcp', reason);
    return;
  }
  const hello = await readHello(client, patience(context.policy, place));
  if (hello === undefined) {
    client.destroy();
    return;
  }
  if ('malformed' in hello) {
    await deny(client, place, context, hello.protocol, reasonOf(hello));
    return;
  }
  const target = await withProgram(place, context);
  const verdict = decide(context.policy, {
    host: target.host ?? target.address,
    port: target.port,
    protocol: hello.protocol,
    ...('claimed' in hello && hello.claimed !== undefined && { claimed: hello.claimed }),
    ...('request' in hello && { request: hello.request }),
    ...('encrypted' in hello && { encrypted: true }),
    inspectable: context.inspector !== undefined,
    ...(target.program !== undefined && { program: target.program }),
  });
  if (!verdict.allowed) {
    await deny(client, target, context, hello.protocol, verdict.reason);
    return;
  }
  const ruled = ruleReason(context, target, hello.protocol, 'request' in hello ? hello.request : undefined);
  if (ruled !== undefined) {
    await deny(client, target, context, hello.protocol, ruled);
    return;
  }
  if (isMisplaced(hello.protocol, target.port)) {
    await deny(client, target, context, hello.protocol, 'protocol-not-allowed');
    return;
  }
  holdUnder(target, hello, verdict, context);
  // A request is counted when it is read; of what is not read, the connection is.
  const counted =
    hello.protocol === 'http' ||
    (hello.silent === true && verdict.ssh === undefined) ||
    verdict.reads !== undefined;
  if (!counted && !context.budgets.take(verdict.entry, { requests: 1 })) {
    await deny(client, target, context, hello.protocol, 'budget');
    return;
  }
  await pass(client, target, context, hello, verdict);
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

/** A policy that allows less ends what it would not have let in. */
function holdToPolicy(client: Socket, target: Target, { held, recorder }: ConnectionContext): void {
  const { id, host, address, port } = target;
  client.once('close', () => held.closed(id));
  held.hold(id, {
    host: host ?? address,
    port,
    cut: () => {
      tellCut(target, recorder);
      client.resetAndDestroy();
    },
  });
}

/** Not where a later word can put it under another entry: SSH, a WebSocket, a client that has not spoken. */
function holdUnder(
  { id, host, address, port }: Target,
  hello: Hello,
  { entry, reads = [], observed, ssh }: Grant,
  { held, policy }: ConnectionContext,
): void {
  const isOpen = hello.silent === true || ssh !== undefined || observed === true;
  const maySwitch = entriesAt(policy, host ?? address, port).some(({ websocket }) => websocket);
  if (!isOpen && !maySwitch) held.under(id, [entry, ...reads]);
}

/** The connection's own process is asked for only where an entry is for certain programs. */
async function withProgram(target: Target, context: ConnectionContext): Promise<Target> {
  const names = programNames(entriesByProgram(context.policy, target.host ?? target.address, target.port));
  return names.length === 0 ? target : { ...target, program: await context.programs.ask(target, names) };
}

interface Patience {
  readonly ms: number;
  /** The far side may speak first: the operator named this port. */
  readonly mayBeSilent: boolean;
}

function patience(policy: EgressPolicy, { host, address, port }: Target): Patience {
  const entries = entriesAt(policy, host ?? address, port);
  const isObserved = entries.length === 0 && policy.observe === true && host !== undefined;
  if (entries.length === 0 && !isObserved) return { ms: HOPELESS_PEEK_MS, mayBeSilent: false };
  // Where only requests are allowed, whoever is slow to speak would be taken for a protocol that is not.
  const mayBeSilent =
    port !== 443 &&
    port !== 80 &&
    (isObserved || entries.some((entry) => entry.ports !== undefined && !readsRequests(entry)));
  return { ms: mayBeSilent ? SILENT_PEEK_MS : PEEK_MS, mayBeSilent };
}

/**
 * Reads until it is clear what the connection is. Undefined when the client went away without a word, as one does that
 * tried two addresses of a name and was faster with the other (RFC 8305).
 */
function readHello(client: Socket, { ms, mayBeSilent }: Patience): Promise<Hello | undefined> {
  return new Promise((resolve) => {
    const words = new FirstWords();
    const silent: Hello = { protocol: 'tcp', first: Buffer.alloc(0), silent: true };
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
      if (words.size > 0) done(words.ended());
      else done(mayBeSilent ? silent : undefined);
    };
    const late = (): void => {
      if (words.size === 0) done(silent);
      // Who began to say what could be a request or a hello is not let through for stopping in the middle of it.
      else done(mayBeSilent ? words.unclear() : words.ended());
    };
    let timer = setTimeout(late, ms);
    const look = (chunk: Buffer): void => {
      const hello = words.take(chunk);
      if (hello !== undefined) done(hello);
      else if (mayBeSilent && words.size === chunk.length) {
        clearTimeout(timer);
        timer = setTimeout(late, PEEK_MS);
      }
    };
    client.on('data', look);
    client.on('close', gone);
    client.on('end', ended);
  });
}

/** One cause, one behaviour: an alert for TLS, a 403 with the reason for HTTP, a reset for the rest. Never a wait. */
async function deny(
  client: Socket,
  target: Target,
  context: ConnectionContext,
  protocol: Words['protocol'],
  reason: DenialReason,
  via?: Via,
): Promise<void> {
  // Told first, while the connection still stands: who made it can then be found.
  await context.recorder.tell({
    kind: 'connect',
    ...placeOf(target),
    protocol,
    verdict: 'denied',
    reason,
    ...(via !== undefined && { via }),
    ...byProgram(target, context, reason),
  });
  if (protocol === 'tls') {
    client.end(ALERT_DENIED, () => client.destroy());
  } else if (protocol === 'http') {
    client.end(forbidden(target, reason), () => client.destroy());
  } else {
    client.resetAndDestroy();
  }
}

function byProgram(
  { program, host, address, port }: Target,
  context: ConnectionContext,
  reason?: DenialReason,
): { readonly program?: DecidingProgram } {
  if (program === undefined) return {};
  const isReason = reason === 'program-not-allowed';
  const lacking = isReason ? entriesByProgram(context.policy, host ?? address, port) : [];
  return { program: decidingProgram(program, lacking) };
}

function forbidden(target: Target, reason: DenialReason): string {
  const host = target.host ?? target.address;
  const body = `Denied by Cofferdam: ${host}:${target.port} (${reason}).\n${reason.startsWith('program') ? 'Its entries are for certain programs' : `If the job needs it, allow it by name: --allow ${host}`}\n`;
  return `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

async function pass(
  client: Socket,
  target: Target,
  context: ConnectionContext,
  hello: Hello,
  grant: Grant,
): Promise<void> {
  const started = Date.now();
  const way = await openWay(target, context);
  if (way.kind === 'denied') {
    await deny(client, target, context, hello.protocol, way.reason, way.via);
    return;
  }
  const { far, dialled, via } = way;
  const base = {
    ...placeOf(target),
    protocol: hello.protocol,
    verdict: 'allowed' as const,
    ...(grant.observed === true ? { wouldDeny: 'not-on-allowlist' as const } : { entry: grant.entry.entry }),
    ...byProgram(target, context),
  };
  const recorded = await context.recorder.recorded({
    kind: 'connect',
    ...base,
    ...(dialled !== undefined && { dialled }),
    ...(via !== undefined && { via }),
  });
  if (dialled !== undefined) context.held.dialled(target.id, dialled);
  if (far === undefined || !recorded || client.destroyed) {
    far?.destroy();
    client.resetAndDestroy();
    void context.recorder.tell(
      closed(target, started, 0, 0, 0, far === undefined ? 'unreachable' : 'not recorded'),
    );
    return;
  }
  holdToProgram({ client, far }, grant, target, context);
  if (grant.ssh !== undefined) {
    const { denied, gone, shown } = await followSsh(
      { client, far },
      hello.first,
      grant.ssh.hostKeys,
      (side, bytes) => context.budgets.take(grant.entry, { [side]: bytes.length }),
    );
    if (denied !== undefined || gone === true) {
      const hostKey = denied === 'host-key' && shown !== undefined ? { hostKey: shown } : {};
      const said = {
        kind: 'connect',
        ...placeOf(target),
        protocol: 'tcp',
        verdict: 'denied',
        ...hostKey,
      } as const;
      if (denied !== undefined) {
        await context.recorder.tell({ ...said, reason: denied });
        // Who speaks no SSH would not understand it.
        if (denied === 'protocol-not-allowed') client.resetAndDestroy();
        else client.end(disconnect(denied), () => client.destroy());
      }
      const [inward, outward] = [far.bytesRead - way.said.inward, far.bytesWritten - way.said.outward];
      void context.recorder.tell(closed(target, started, inward, outward, 1));
      return;
    }
    const rest: Hello = { protocol: 'tcp', first: Buffer.alloc(0) };
    relay({ client, far, said: way.said }, rest, grant, target, context, started);
    return;
  }
  if (hello.protocol !== 'tls' || grant.reads === undefined || context.inspector === undefined) {
    relay({ client, far, said: way.said }, hello, grant, target, context, started);
    return;
  }
  const { reads } = grant;
  const { first } = hello;
  context.inspector.inspect(
    { client, first, far, dial: way.again, target, reads },
    context,
    (bytes, requests) => {
      void context.recorder.tell(closed(target, started, bytes.inward, bytes.outward, requests));
    },
  );
}

/** What was allowed to a program ends when its process becomes another one. */
function holdToProgram(
  { client, far }: { readonly client: Socket; readonly far: Socket },
  { entry, reads = [] }: Grant,
  target: Target,
  context: ConnectionContext,
): void {
  const { program } = target;
  if (program === undefined || [entry, ...reads].every(({ programs }) => programs === undefined)) return;
  const letGo = context.programs.hold(program, () => {
    void context.recorder.tell({
      kind: 'connect',
      ...placeOf(target),
      protocol: 'tcp',
      verdict: 'denied',
      reason: 'program-not-known',
      program: { why: 'the process started another program while it held the connection' },
    });
    far.destroy();
    client.resetAndDestroy();
  });
  client.once('close', letGo);
}
