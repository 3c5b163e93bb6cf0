import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeProgram } from './native-program.ts';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { type FromGateway, readLines, type ToGateway, writeLine } from './channel.ts';
import { listenerAt } from './listener-at.ts';
import { hasNobody, rightsOf } from './rights.ts';
import type {
  EgressPolicy,
  Gateway,
  GatewayReceipt,
  GatewayRequest,
  Narrowed,
  ProgramSeen,
  StartingGateway,
  UpstreamProxy,
} from './contract.ts';

/** Only what hangs is to end here: a machine that has ten times as much to do as it can is slow, and no machine without walls. */
const READY_MS = 60_000;
const CLOSE_MS = 3_000;
const HEARD_MS = 5_000;
const NARROW_MS = 10_000;
const NAMESPACE = 9;
/** Where native/netns has it listen, in its namespace. */
const LISTENER = { host: '127.0.0.1', port: 9 } as const;

/**
 * Its program, and all of ours that it reads: where it has no id of its own, it can read nothing else of the user's. Beside the
 * sources it is run as it stands; in the package it is bundled.
 */
function gatewayProgram(): { readonly program: string; readonly reads: readonly string[] } {
  const bundled = join(import.meta.dirname, 'gateway.mjs');
  const inPackage = existsSync(bundled);
  const program = inPackage ? bundled : join(import.meta.dirname, 'gateway-process.ts');
  const own = inPackage ? import.meta.dirname : join(import.meta.dirname, '../..');
  return { program, reads: [own, dirname(nativeProgram('relay')), dirname(process.execPath)] };
}

function nftProgram(): string | undefined {
  return ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft', '/usr/local/sbin/nft'].find((path) =>
    existsSync(path),
  );
}

/**
 * Starts a gateway in a process of its own, with a network namespace in which it is the only way out. What it gives when
 * it is armed, or a refusal with nothing left behind, comes later; the namespace is there first. Needs root.
 */
export function startGateway(request: GatewayRequest): StartingGateway {
  const started = performance.now();
  const nft = nftProgram();
  if (nft === undefined) {
    const why = lacks('nft is not on this machine', 'apt-get install -y nftables');
    return { namespacePath: '', namespace: Promise.resolve(false), armed: Promise.resolve(err(why)) };
  }
  const { program, reads } = gatewayProgram();
  const child = spawn(
    nativeProgram('netns'),
    [nft, ...reads, '--', process.execPath, '--disable-warning=ExperimentalWarning', program],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: compileCacheOnly(),
      cwd: '/',
    },
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 2_048) said += chunk.toString('utf8');
  });
  const gatewayLink = new GatewayLink(child.stdio[3] as Duplex, request);
  const gone = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(said.trim() || `it ended with ${signal ?? code}`));
  });
  const pid = child.pid ?? 0;
  return {
    namespacePath: `/proc/${pid}/fd/${NAMESPACE}`,
    namespace: namespaceOf(pid, gone),
    armed: arm(child, gatewayLink, gone, started),
  };
}

/** Settles as soon as the namespace is held by its descriptor; a few milliseconds after the start. */
async function namespaceOf(pid: number, gone: Promise<string>): Promise<boolean> {
  const ended = gone.then(() => true);
  for (const until = Date.now() + READY_MS; Date.now() < until; ) {
    if (link(`/proc/${pid}/fd/${NAMESPACE}`).startsWith('net:')) return true;
    if (await Promise.race([ended, sleep(1, false)])) return false;
  }
  return false;
}

async function arm(
  child: ChildProcess,
  gatewayLink: GatewayLink,
  gone: Promise<string>,
  started: number,
): Promise<Result<Gateway, Refusal>> {
  const late = sleep(READY_MS, 'it took too long to start', { ref: false });
  const lacking = await Promise.race([gatewayLink.ready, gone, late]);
  const pid = child.pid ?? 0;
  const receipt = lacking === undefined ? await inspect(pid, started) : undefined;
  const unheld = receipt?.checks.find((check) => !check.held);
  if (receipt === undefined || unheld !== undefined) {
    child.kill('SIGKILL');
    await gone;
    const why = unheld === undefined ? lacking : `${unheld.id}: ${unheld.seen}`;
    return err(
      lacks(`the gateway could not be armed: ${why}`, 'see what cofferdam doctor says of this machine'),
    );
  }
  return ok({
    namespacePath: `/proc/${pid}/fd/${NAMESPACE}`,
    receipt,
    heard: (name) => gatewayLink.heard(name),
    becameAnother: (pid) => gatewayLink.becameAnother(pid),
    narrow: (policy) => gatewayLink.narrow(policy, gone),
    died: gone.then((why) =>
      lacks(`the gateway ended by itself: ${why}`, 'run it again; if it stays so, see cofferdam doctor'),
    ),
    close: async () => {
      await gatewayLink.end(gone);
      child.kill('SIGKILL');
      await gone;
    },
  });
}

/** No variable of ours reaches the gateway but where compiled code is kept. */
function compileCacheOnly(): Record<string, string> {
  const cache = process.env['NODE_COMPILE_CACHE'];
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
}

function lacks(why: string, fix: string): Refusal {
  return refusal('machine', 'gateway/not-armed', why, fix);
}

class GatewayLink {
  readonly ready: Promise<undefined>;
  readonly #channel: Duplex;
  readonly #names = new Set<string>();
  readonly #listening = new Map<string, () => void>();
  #ended: () => void = () => undefined;
  /** In the order in which they were asked for. */
  readonly #narrowed: ((narrowed: Narrowed) => void)[] = [];

  constructor(channel: Duplex, request: GatewayRequest) {
    this.#channel = channel;
    let ready: () => void = () => undefined;
    this.ready = new Promise((resolve) => {
      ready = () => resolve(undefined);
    });
    readLines<FromGateway>(
      channel,
      (message) => {
        if (message.kind === 'ready') ready();
        else if (message.kind === 'ended') this.#ended();
        else if (message.kind === 'narrowed') this.#narrowed.shift()?.(message.narrowed);
        else if (message.kind === 'who') void this.#who(message, request);
        else this.#record(message, request);
      },
      () => channel.destroy(),
    );
    const { policy, rules, resolver, inspection, proxy } = request;
    const inspecting = {
      ...(inspection !== undefined && { inspection }),
      ...(rules !== undefined && { rules }),
    };
    const upstream = { ...(proxy !== undefined && { proxy }), ...secretOf(proxy) };
    writeLine<ToGateway>(channel, { kind: 'begin', policy, resolver, ...inspecting, ...upstream });
  }

  /** A defect of ours is no answer: then no program is known. */
  async #who(
    { number, flow, names }: Extract<FromGateway, { kind: 'who' }>,
    { programOf }: GatewayRequest,
  ): Promise<void> {
    const unknown: ProgramSeen = { known: false, why: 'nobody here can tell which program made it' };
    const program = await programOf?.(flow, names).catch(() => unknown);
    writeLine<ToGateway>(this.#channel, { kind: 'program', number, program: program ?? unknown });
  }

  becameAnother(pid: number): void {
    writeLine<ToGateway>(this.#channel, { kind: 'became-another', pid });
  }

  #record(message: Extract<FromGateway, { kind: 'event' }>, request: GatewayRequest): void {
    const { number, event } = message;
    if (event.kind === 'dns' && this.#names.size < 10_000) {
      this.#names.add(event.name);
      this.#listening.get(event.name)?.();
    }
    request.record(event).then(
      () => writeLine<ToGateway>(this.#channel, { kind: 'recorded', number, ok: true }),
      () => writeLine<ToGateway>(this.#channel, { kind: 'recorded', number, ok: false }),
    );
  }

  heard(name: string): Promise<boolean> {
    if (this.#names.has(name)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), HEARD_MS);
      this.#listening.set(name, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  async narrow(policy: EgressPolicy, gone: Promise<string>): Promise<Narrowed> {
    const answered = new Promise<Narrowed>((resolve) => {
      this.#narrowed.push(resolve);
    });
    writeLine<ToGateway>(this.#channel, { kind: 'narrow', policy });
    const late = sleep(NARROW_MS, 'it took too long', { ref: false });
    const answer = await Promise.race([answered, gone, late]);
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  }

  async end(gone: Promise<string>): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    writeLine<ToGateway>(this.#channel, { kind: 'end' });
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, CLOSE_MS).unref();
    });
    await Promise.race([ended, gone, late]);
  }
}

/** What can be seen from outside: the namespace is another than ours, the gateway has nobody's rights, nothing listens here. */
async function inspect(pid: number, started: number): Promise<GatewayReceipt> {
  const own = link('/proc/self/ns/net');
  const held = link(`/proc/${pid}/fd/${NAMESPACE}`);
  const process_ = link(`/proc/${pid}/ns/net`);
  const rights = rightsOf(String(pid));
  const listener = await listenerAt(LISTENER);
  const nobody = rights.uid !== 0 || !hasNobody();
  return {
    checks: [
      { id: 'own-namespace', held: held !== '' && held !== own, seen: held },
      { id: 'gateway-outside', held: process_ === own, seen: process_ },
      {
        id: 'no-listener-on-the-machine',
        held: listener === undefined,
        seen: listener ?? 'none',
      },
      {
        id: 'gateway-unprivileged',
        held: !rights.any && nobody,
        seen: `uid ${rights.uid}, ${rights.any ? 'capabilities' : 'no capability'}`,
      },
    ],
    armedMs: performance.now() - started,
  };
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Told apart from the proxy, which is shown and recorded. */
function secretOf(proxy: UpstreamProxy | undefined): { readonly credentials?: string } {
  return proxy?.credentials === undefined ? {} : { credentials: proxy.credentials() };
}
