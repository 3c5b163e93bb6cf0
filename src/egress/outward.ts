import { Budgets } from './budgets.ts';
import type { ConnectionContext, Grant, Hello, Target } from './connection-context.ts';
import type { AllowedDestination, DenialReason } from './contract.ts';
import { decide, decideRequest, type Destination, entriesAt, namesOnly, type Request } from './decide.ts';
import { FirstWords, reasonOf, type Words } from './first-words.ts';
import { ruleReason } from './own-rules.ts';
import { HttpRequests, type RequestHead } from './http-requests.ts';
import { SecondHello } from './second-hello.ts';
import { SwitchAnswer } from './websocket.ts';

/** What may go on of what was taken, and why nothing more may. */
export interface Outgoing {
  readonly pass: readonly Buffer[];
  readonly denied?: { readonly protocol: Words['protocol']; readonly reason: DenialReason };
}

/** What of a connection may go out: looked at for as long as it can still name another host, or more than it may have. */
export class Outward {
  readonly #target: Target;
  readonly #context: Pick<ConnectionContext, 'policy' | 'budgets' | 'rules'>;
  #grant: Grant;
  #protocol: Words['protocol'];
  readonly #under = new Set<AllowedDestination>();
  #words: FirstWords | undefined;
  #requests: HttpRequests | undefined;
  /** Of TLS, until no other hello can come. */
  #hellos: SecondHello | undefined;
  /** Of a request that asked for a WebSocket. */
  #answer: SwitchAnswer | undefined;
  /** What became of it: another protocol from here on, or nothing more from the client. */
  #after: { readonly switched: boolean; readonly requests: number } | undefined;

  constructor(hello: Hello, grant: Grant, target: Target, context: ConnectionContext) {
    this.#target = target;
    this.#context = context;
    this.#grant = grant;
    if (grant.reads === undefined) this.#under.add(grant.entry);
    this.#protocol = hello.protocol;
    this.#words = hello.silent === true ? new FirstWords() : undefined;
    this.#requests = hello.protocol === 'http' ? new HttpRequests() : undefined;
    this.#hellos = hello.protocol === 'tls' ? new SecondHello() : undefined;
  }

  /** Whether nothing more is to be looked at. */
  get free(): boolean {
    return (
      this.#words === undefined &&
      this.#requests === undefined &&
      this.#hellos === undefined &&
      this.#after?.switched !== false
    );
  }

  /** Takes what a server of TLS says, for as long as that tells whether its client may name itself once more. */
  answered(bytes: Buffer): void {
    this.#hellos?.answered(bytes);
    if (this.#hellos?.done === true) this.#hellos = undefined;
  }

  /** Whether its bytes are counted against a bound. */
  get counts(): boolean {
    return Budgets.counts(this.#grant.entry);
  }

  /** Whether they may come to be: another entry may decide the next request. */
  get mayCount(): boolean {
    return [this.#grant.entry, ...(this.#grant.reads ?? [])].some((entry) => Budgets.counts(entry));
  }

  /** Whether what the server says must be looked at: it may be asked to change the protocol. */
  get maySwitch(): boolean {
    const { host, address, port } = this.#target;
    return (
      this.#protocol !== 'tls' &&
      entriesAt(this.#context.policy, host ?? address, port).some(({ websocket }) => websocket)
    );
  }

  /** Takes what the server says; undefined while nothing of it may be passed on. */
  said(bytes: Buffer): Buffer | undefined {
    if (this.#answer === undefined) return bytes;
    const answer = this.#answer.take(bytes);
    if (answer === undefined) return undefined;
    this.#answer = undefined;
    this.#after = { switched: answer.switched, requests: this.requests };
    this.#requests = undefined;
    return answer.bytes;
  }

  get requests(): number {
    if (this.#after !== undefined) return this.#after.requests;
    return this.#requests === undefined ? 1 : this.#requests.requests;
  }

  /** Bytes are held that are not clear yet. */
  get holds(): boolean {
    return (this.#words?.size ?? 0) > 0;
  }

  get overspent(): NonNullable<Outgoing['denied']> {
    return { protocol: this.#protocol, reason: 'budget' };
  }

  /**
   * Counts bytes against every entry that a request of this connection was made under, as which of them they belong to is the
   * job's word; false when they are more than one of them may have.
   */
  spend(way: 'upload' | 'download', bytes: Buffer): boolean {
    return [...this.#under].every((entry) => this.#context.budgets.take(entry, { [way]: bytes.length }));
  }

  take(bytes: Buffer): Outgoing {
    if (this.#words !== undefined) {
      const words = this.#words.take(bytes);
      return words === undefined ? { pass: [] } : this.#settle(words);
    }
    // A server that was asked for another protocol and did not change to it may read what follows as it likes.
    if (this.#after?.switched === false)
      return { pass: [], denied: { protocol: 'http', reason: 'protocol-not-allowed' } };
    if (this.#hellos !== undefined) return this.#takeHello(this.#hellos, bytes);
    if (this.#requests === undefined) return { pass: [bytes] };
    let reason: DenialReason = 'malformed';
    const { pass, ended } = this.#requests.take(bytes, (head) => {
      const why = this.#whyNot(head);
      reason = why ?? reason;
      return why === undefined;
    });
    return ended === undefined ? { pass } : { pass, denied: { protocol: 'http', reason } };
  }

  #takeHello(hellos: SecondHello, bytes: Buffer): Outgoing {
    const { pass, denied } = hellos.take(bytes);
    if (hellos.done) this.#hellos = undefined;
    return denied === undefined ? { pass } : { pass: [], denied: { protocol: 'tls', reason: denied } };
  }

  /** The client has ended its side. */
  end(): Outgoing {
    return this.#words !== undefined && this.holds ? this.#settle(this.#words.ended()) : { pass: [] };
  }

  /** Too long has passed since it began to speak. */
  late(): Outgoing {
    return this.#words === undefined ? { pass: [] } : this.#settle(this.#words.unclear());
  }

  #whyNot(head: RequestHead): DenialReason | undefined {
    if (head.kind === 'malformed') return 'malformed';
    const { host, address, port } = this.#target;
    if (!namesOnly({ host: host ?? address, port }, head.host, head)) return 'name-mismatch';
    if (head.websocket !== undefined) {
      const verdict = decide(this.#context.policy, this.#destination('http', head.host, head));
      if (!verdict.allowed) return verdict.reason;
      this.#grant = verdict;
      this.#answer = new SwitchAnswer(head.websocket);
    }
    const { reads } = this.#grant;
    if (reads !== undefined && head.websocket === undefined) {
      const verdict = decideRequest(reads, head);
      if (!verdict.allowed) return verdict.reason;
      this.#grant = { entry: verdict.entry, reads };
    }
    const ruled = ruleReason(this.#context, this.#target, 'http', head);
    if (ruled !== undefined) return ruled;
    this.#under.add(this.#grant.entry);
    return this.#context.budgets.take(this.#grant.entry, { requests: 1 }) ? undefined : 'budget';
  }

  #destination(protocol: Words['protocol'], claimed?: string, request?: Request): Destination {
    const { host, address, port, program } = this.#target;
    return {
      host: host ?? address,
      port,
      protocol,
      ...(claimed !== undefined && { claimed }),
      ...(request !== undefined && { request }),
      ...(program !== undefined && { program }),
    };
  }

  /** Who spoke late is decided upon as if he had spoken at once. */
  #settle(words: Words): Outgoing {
    this.#words = undefined;
    this.#protocol = words.protocol;
    if ('malformed' in words)
      return { pass: [], denied: { protocol: words.protocol, reason: reasonOf(words) } };
    const claimed = 'claimed' in words ? words.claimed : undefined;
    const request = 'request' in words ? words.request : undefined;
    const encrypted = 'encrypted' in words ? { encrypted: true } : {};
    const to = { ...this.#destination(words.protocol, claimed, request), ...encrypted };
    const verdict = decide(this.#context.policy, to);
    if (!verdict.allowed) {
      return { pass: [], denied: { protocol: words.protocol, reason: verdict.reason } };
    }
    const ruled = ruleReason(this.#context, this.#target, words.protocol, request);
    if (ruled !== undefined) return { pass: [], denied: { protocol: words.protocol, reason: ruled } };
    this.#grant = verdict;
    if (verdict.reads === undefined) this.#under.add(verdict.entry);
    if (words.protocol === 'http') {
      this.#requests = new HttpRequests();
      return this.take(words.first);
    }
    if (!this.#context.budgets.take(verdict.entry, { requests: 1 }))
      return { pass: [], denied: this.overspent };
    if (words.protocol === 'tls') this.#hellos = new SecondHello();
    return this.take(words.first);
  }
}
