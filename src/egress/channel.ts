import type { Duplex } from 'node:stream';
import type {
  EgressPolicy,
  GatewayEvent,
  Inspection,
  Narrowed,
  ProgramFlow,
  ProgramSeen,
  Resolver,
  UpstreamProxy,
} from './contract.ts';
import type { OwnRules } from './own-rules.ts';

/** Lines of JSON between the engine's process and the gateway's. */
export type ToGateway =
  | {
      readonly kind: 'begin';
      readonly policy: EgressPolicy;
      readonly rules?: OwnRules;
      readonly resolver: Resolver;
      readonly inspection?: Inspection;
      readonly proxy?: Omit<UpstreamProxy, 'credentials'>;
      /** Of the proxy. */
      readonly credentials?: string;
    }
  | { readonly kind: 'recorded'; readonly number: number; readonly ok: boolean }
  | { readonly kind: 'program'; readonly number: number; readonly program: ProgramSeen }
  | { readonly kind: 'became-another'; readonly pid: number }
  | { readonly kind: 'narrow'; readonly policy: EgressPolicy }
  | { readonly kind: 'end' };

export type FromGateway =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly number: number; readonly event: GatewayEvent }
  | {
      readonly kind: 'who';
      readonly number: number;
      readonly flow: ProgramFlow;
      readonly names: readonly string[];
    }
  | { readonly kind: 'narrowed'; readonly narrowed: Narrowed }
  | { readonly kind: 'ended' };

/** An allowlist and a machine's own authorities fit into it. */
const MAX_LINE = 8_388_608;

/** Reads lines of at most 8 MiB and hands each on, parsed. Anything else is `broken`, and nothing follows it. */
export function readLines<T>(
  stream: Duplex,
  take: (message: T) => void,
  broken: (why: string) => void,
): void {
  let held = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    held += text;
    for (let end = held.indexOf('\n'); end !== -1; end = held.indexOf('\n')) {
      const line = held.slice(0, end);
      held = held.slice(end + 1);
      let message: T;
      try {
        message = JSON.parse(line) as T;
      } catch {
        broken('a line that is not JSON');
        return;
      }
      take(message);
    }
    if (held.length > MAX_LINE) broken('a line that is too long');
  });
  stream.on('error', (error) => broken(error.message));
  stream.on('close', () => broken('it was closed'));
}

/** What is told in one go, as by many connections whose records reached the disk together, is one write. */
export function writeLine<T>(stream: Duplex, message: T): void {
  if (!stream.writable) return;
  stream.cork();
  stream.write(`${JSON.stringify(message)}\n`);
  process.nextTick(() => stream.uncork());
}
