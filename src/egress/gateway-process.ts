import { coversHost } from '../config/index.ts';
import { AskedPrograms } from './asked-programs.ts';
import { endRelays, prepareRelay } from './bulk-relay.ts';
import { createSocket } from 'node:dgram';
import { Budgets } from './budgets.ts';
import { createServer, Socket } from 'node:net';
import { mayDial, ownAddresses, type Ranges, rangeList } from './address.ts';
import { type FromGateway, readLines, type ToGateway, writeLine } from './channel.ts';
import { serve } from './connection.ts';
import type { Inspector } from './connection-context.ts';
import type { EgressPolicy, UpstreamProxy } from './contract.ts';
import { Gathered } from './gathered.ts';
import { HeldConnections } from './held-connections.ts';
import { jobServer } from './job-server.ts';
import { NamePool } from './name-pool.ts';
import { narrow } from './narrowing.ts';
import { type Answered, answerQuestion } from './name-server.ts';
import type { RuleAsker } from './own-rules.ts';
import { Recorder } from './recorder.ts';
import { resolverOf } from './resolve.ts';
import { rightsOf } from './rights.ts';
import type { ProxyDialing } from './upstream/dial-proxy.ts';

// The gateway: a process of its own, started by native/netns with these descriptors. It lives as long as its channel.
const CHANNEL = 3;
const TCP4 = 4;
const TCP6 = 5;
const DNS_UDP = 6;
const DNS_TCP = 7;
const REPORTS = 8;
/** For a job that is a machine of its own. */
const GUEST_UDP = 10;
const GUEST_TCP = 11;
const NOBODY = 65_534;
const MAX_CONNECTIONS = 2_048;
const DNS_TCP_MS = 5_000;
const MAX_DNS_CONNECTIONS = 64;
const MAX_QUESTION = 8_192;
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
};

const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });
const recorder = new Recorder((number, event) =>
  writeLine<FromGateway>(channel, { kind: 'event', number, event }),
);

const programs = new AskedPrograms((number, flow, names) =>
  writeLine<FromGateway>(channel, { kind: 'who', number, flow, names }),
);

/** What decides at this moment; it can be narrowed while the job runs. */
const inForce: { policy: EgressPolicy; ranges: Ranges } = {
  policy: { allow: [], allowRanges: [] },
  ranges: rangeList([]),
};
const budgets = new Budgets();
const held = new HeldConnections();
const own = ownAddresses();

readLines<ToGateway>(channel, take, () => process.exit(0));

function take(message: ToGateway): void {
  switch (message.kind) {
    case 'begin':
      void begin(message);
      return;
    case 'recorded':
      recorder.acknowledge(message.number, message.ok);
      return;
    case 'program':
      programs.answer(message.number, message.program);
      return;
    case 'became-another':
      programs.becameAnother(message.pid);
      return;
    case 'narrow':
      narrowTo(message.policy);
      return;
    case 'end':
      void end();
      return;
  }
}

async function end(): Promise<void> {
  await endRelays();
  await recorder.finish();
  writeLine<FromGateway>(channel, { kind: 'ended' });
}

async function begin(message: Extract<ToGateway, { kind: 'begin' }>): Promise<void> {
  const { policy, inspection, credentials } = message;
  const rules =
    message.rules === undefined ? undefined : await (await import('./own-rules.ts')).ruleAsker(message.rules);
  const proxy: UpstreamProxy | undefined = message.proxy && {
    ...message.proxy,
    ...(credentials !== undefined && { credentials: () => credentials }),
  };
  const pool = new NamePool();
  // Only who inspects pays for what reads HTTP/2 and TLS.
  const inspector =
    inspection === undefined ? undefined : (await import('./inspect/inspect.ts')).makeInspector(inspection);
  const resolve = resolverOf(message.resolver);
  const dialing = proxy === undefined ? undefined : { proxy, resolve, ...(await securedFor(proxy)) };
  put(policy);
  serveNames(pool, { udp: DNS_UDP, tcp: DNS_TCP });
  serveNames(pool, { udp: GUEST_UDP, tcp: GUEST_TCP });
  serveConnections(pool, resolve, { inspector, rules }, dialing);
  readReports();
  prepareRelay();
  dropPrivileges();
  writeLine<FromGateway>(channel, { kind: 'ready' });
}

function put(policy: EgressPolicy): void {
  inForce.policy = policy;
  inForce.ranges = rangeList(policy.allowRanges);
}

/** From one moment to the next; what is held here decides what may stay, whatever was asked for. */
function narrowTo(wanted: EgressPolicy): void {
  const before = inForce.policy;
  const { policy, closed, notGiven } = narrow(before, wanted);
  for (const entry of policy.allow.filter((one) => !before.allow.includes(one)))
    budgets.inherit(
      entry,
      before.allow.filter((one) => coversHost(one.host, entry.host)),
    );
  put(policy);
  const connections = held.cutBeyond(before, policy, (address) => mayDial(address, inForce.ranges, own()));
  writeLine<FromGateway>(channel, { kind: 'narrowed', narrowed: { closed, notGiven, connections } });
}

/** Only who speaks TLS with a proxy pays for what checks it. */
async function securedFor({ kind, authorities }: UpstreamProxy): Promise<Pick<ProxyDialing, 'secured'>> {
  if (kind !== 'https') return {};
  const { outwardContext, trustedAuthorities } = await import('./inspect/upstream.ts');
  return { secured: outwardContext(trustedAuthorities(authorities ?? '')) };
}

/**
 * From here on it dials with nobody's rights: what it is talked into, it does without the machine's. A user namespace of one
 * id has no nobody to become; there it was started without any right (native/netns).
 */
function dropPrivileges(): void {
  if (process.geteuid?.() !== 0 || !rightsOf('self').any) return;
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

function serveConnections(
  pool: NamePool,
  resolve: (host: string) => Promise<readonly string[]>,
  { inspector, rules }: { readonly inspector: Inspector | undefined; readonly rules: RuleAsker | undefined },
  proxy: ProxyDialing | undefined,
): void {
  let id = 0;
  let open = 0;
  const context = {
    get policy() {
      return inForce.policy;
    },
    get ranges() {
      return inForce.ranges;
    },
    held,
    budgets,
    ...(inspector !== undefined && { inspector }),
    ...(rules !== undefined && { rules }),
    ...(proxy !== undefined && { proxy }),
    pool,
    recorder,
    resolve,
    own,
    next: () => (id += 1),
    programs,
  };
  const server = jobServer((client) => {
    open += 1;
    client.on('close', () => {
      open -= 1;
    });
    if (open > MAX_CONNECTIONS) {
      void recorder.tell({
        kind: 'gap',
        why: `a connection was refused: more than ${MAX_CONNECTIONS} are open`,
      });
      client.resetAndDestroy();
      return;
    }
    serve(client, context).catch((error: unknown) => {
      client.resetAndDestroy();
      // A defect of ours refuses, and does not hide what it refused.
      const why = `a connection was refused: ${error instanceof Error ? error.message : String(error)}`;
      void recorder.tell({ kind: 'gap', why });
    });
  });
  server.on('error', fatal);
  server.listen({ fd: TCP4 });
  const six = jobServer((client) => void server.emit('connection', client));
  six.on('error', fatal);
  six.listen({ fd: TCP6 });
}

function serveNames(pool: NamePool, at: { readonly udp: number; readonly tcp: number }): void {
  const udp = createSocket('udp4');
  udp.on('error', fatal);
  udp.on('message', (message, peer) => {
    const answered = answerQuestion(message, inForce.policy, pool, {
      transport: 'udp',
      clientPort: peer.port,
    });
    if (answered === undefined) return;
    // Told first, while the question still waits: who asked can then be found.
    void recorder.tell(answered.event).then(() => udp.send(answered.message, peer.port, peer.address));
  });
  udp.bind({ fd: at.udp });
  serveNamesOverTcp(at.tcp, (message, clientPort) =>
    answerQuestion(message, inForce.policy, pool, { transport: 'tcp', clientPort }),
  );
}

/** The answers of one connection wait until the client has read those before: it can have few, and hoard nothing here. */
function serveNamesOverTcp(
  descriptor: number,
  answer: (message: Buffer, clientPort: number) => Answered | undefined,
): void {
  const tcp = createServer((client) => {
    const held = new Gathered();
    client.setTimeout(DNS_TCP_MS, () => client.destroy());
    client.on('error', () => client.destroy());
    client.on('data', (chunk: Buffer) => {
      held.add(chunk);
      let bytes = held.take();
      while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
        const size = bytes.readUInt16BE(0);
        const answered = answer(bytes.subarray(2, 2 + size), client.remotePort ?? 0);
        bytes = bytes.subarray(2 + size);
        if (answered === undefined) {
          client.destroy();
          return;
        }
        void recorder.tell(answered.event);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answered.message.length);
        if (!client.write(Buffer.concat([length, answered.message]))) client.pause();
      }
      held.add(bytes);
      if (held.size > MAX_QUESTION) client.destroy();
    });
    client.on('drain', () => client.resume());
  });
  tcp.maxConnections = MAX_DNS_CONNECTIONS;
  tcp.on('drop', () => {
    const why = `a connection to the resolver was refused: more than ${MAX_DNS_CONNECTIONS} are open`;
    void recorder.tell({ kind: 'gap', why });
  });
  tcp.on('error', fatal);
  tcp.listen({ fd: descriptor });
}

interface Report {
  readonly gap?: true;
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
  readonly uid: number;
}

function readReports(): void {
  const pipe = new Socket({ fd: REPORTS, readable: true, writable: false });
  readLines<Report>(
    pipe,
    (report) => {
      if (report.gap === true) {
        void recorder.tell({ kind: 'gap', why: 'refused packets came faster than they could be read' });
        return;
      }
      void recorder.tell({
        kind: 'refused-packet',
        family: report.family,
        protocol: PROTOCOLS[report.protocol] ?? `protocol ${report.protocol}`,
        address: report.address,
        ...(report.port >= 0 && { port: report.port }),
        ...(report.uid >= 0 && { uid: report.uid }),
      });
    },
    // Without its reports the gateway would be blind to what was refused: it ends, and the job with it.
    () => process.exit(1),
  );
}

function fatal(error: Error): void {
  process.stderr.write(`gateway: ${error.message}\n`);
  process.exit(1);
}
