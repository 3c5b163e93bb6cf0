import type { DenialReason } from '../contract.ts';
import { agreedMethod, answerOf, hostKeyIn, type KexInit, readKexInit } from './key-exchange.ts';
import { plainPacket, SshPackets, type SshPart } from './packets.ts';

const DISCONNECT = 1;
const UNIMPLEMENTED = 3;
const KEXINIT = 20;
const NEWKEYS = 21;
const isOfMethod = (message: number): boolean => message >= 30 && message <= 49;

/** What may go on to each side of what was taken, and why nothing more may. */
export interface Taken {
  readonly toServer: readonly Buffer[];
  readonly toClient: readonly Buffer[];
  readonly denied?: DenialReason;
}

interface Side {
  readonly packets: SshPackets;
  identified: boolean;
  kex: KexInit | undefined;
  /** It has changed its keys: nothing more can be read. */
  encrypted: boolean;
}

function side(name: 'client' | 'server'): Side {
  return { packets: new SshPackets(name), identified: false, kex: undefined, encrypted: false };
}

/**
 * Follows SSH for as long as it is in plain text: both lines of identification, both lists of methods, and the key that the server
 * shows. Nothing of the client's but its line goes on before the server said that it speaks SSH, no change of keys of the client's
 * before the server showed a key of `hostKeys` (`TYPE BASE64`; none: any), and nothing else than a key exchange ever.
 *
 * What this proves: the server shows that key. That it has its other half it proves to the client only, by a signature over a secret
 * that nobody between them knows. A client that does not check it can be in league with whoever answers.
 */
export class SshHandshake {
  readonly #client = side('client');
  readonly #server = side('server');
  readonly #keys: readonly Buffer[];
  #shown: Buffer | undefined;
  #toServer: Buffer[] = [];
  #toClient: Buffer[] = [];
  #denied: DenialReason | undefined;

  constructor(hostKeys: readonly string[]) {
    this.#keys = hostKeys.map((key) => Buffer.from(key.split(' ')[1] ?? '', 'base64'));
  }

  /** Both sides have changed their keys: there is nothing more to follow. */
  get over(): boolean {
    return this.#client.encrypted && this.#server.encrypted;
  }

  /** `SHA256:…` of the key that was shown, as ssh-keygen prints it. */
  get shown(): string | undefined {
    if (this.#shown === undefined) return undefined;
    // Loaded here: most gateways never see SSH, and it takes longer than to read it.
    const { createHash } = process.getBuiltinModule('node:crypto');
    return `SHA256:${createHash('sha256').update(this.#shown).digest('base64').replace(/=+$/, '')}`;
  }

  client(bytes: Buffer): Taken {
    this.#client.packets.add(bytes);
    return this.#run();
  }

  server(bytes: Buffer): Taken {
    this.#server.packets.add(bytes);
    return this.#run();
  }

  #run(): Taken {
    if ([this.#client, this.#server].some((one) => !one.encrypted && one.packets.tooMuch))
      this.#denied = 'malformed';
    for (let moved = true; moved && this.#denied === undefined; ) {
      moved = this.#step(this.#server) || this.#step(this.#client);
    }
    const taken = { toServer: this.#toServer, toClient: this.#toClient };
    this.#toServer = [];
    this.#toClient = [];
    return this.#denied === undefined ? taken : { ...taken, denied: this.#denied };
  }

  /** Takes one part of a side; false when there is none, or it must wait. */
  #step(one: Side): boolean {
    if (this.#denied !== undefined) return false;
    const fromClient = one === this.#client;
    if (fromClient && one.identified && !this.#server.identified) return false;
    const to = fromClient ? this.#toServer : this.#toClient;
    if (one.encrypted) {
      const rest = one.packets.rest();
      if (rest.length > 0) to.push(rest);
      return false;
    }
    const part = one.packets.next();
    if (part === undefined) return false;
    const why = part === 'malformed' ? this.#notSsh(one) : this.#whyNot(one, part);
    if (why !== undefined || part === 'malformed') {
      this.#denied = why ?? 'malformed';
      return false;
    }
    to.push(part.bytes);
    return true;
  }

  #notSsh(one: Side): DenialReason {
    return one.identified ? 'malformed' : 'protocol-not-allowed';
  }

  #whyNot(one: Side, part: SshPart): DenialReason | undefined {
    if (part.kind === 'identification') {
      one.identified = true;
      return undefined;
    }
    const { payload } = part;
    const message = payload[0] ?? 0;
    if (message === DISCONNECT || message === UNIMPLEMENTED) return undefined;
    if (message === KEXINIT) {
      if (one.kex !== undefined) return 'malformed';
      one.kex = readKexInit(payload);
      return one.kex === undefined ? 'malformed' : undefined;
    }
    if (one.kex === undefined) return 'malformed';
    if (one === this.#client) return this.#whyNotOfClient(message);
    return this.#whyNotOfServer(message, payload);
  }

  #whyNotOfClient(message: number): DenialReason | undefined {
    if (isOfMethod(message)) return undefined;
    if (message !== NEWKEYS || this.#server.kex === undefined) return 'malformed';
    // No key that could be compared, and one was asked for.
    if (this.#keys.length > 0 && this.#shown === undefined) return 'host-key';
    this.#client.encrypted = true;
    return undefined;
  }

  #whyNotOfServer(message: number, payload: Buffer): DenialReason | undefined {
    const [ours, theirs] = [this.#client.kex, this.#server.kex];
    if (ours === undefined || theirs === undefined) return 'malformed';
    const method = agreedMethod(ours, theirs);
    const answer = method === undefined ? undefined : answerOf(method);
    if (message === NEWKEYS) {
      if (this.#keys.length > 0 && this.#shown === undefined) return 'host-key';
      this.#server.encrypted = true;
      return undefined;
    }
    if (!isOfMethod(message)) return 'malformed';
    if (this.#keys.length === 0) {
      if (message === answer) this.#shown ??= hostKeyIn(payload);
      return undefined;
    }
    // What cannot be read, a guess beside the method, and a second answer are none that was compared.
    if (answer === undefined || theirs.guesses || this.#shown !== undefined) return 'host-key';
    if (message !== answer) return message < answer ? undefined : 'malformed';
    this.#shown = hostKeyIn(payload);
    if (this.#shown === undefined) return 'malformed';
    return this.#keys.some((one) => this.#shown?.equals(one) === true) ? undefined : 'host-key';
  }
}

/** What a client is told, in plain text as it is before keys are: SSH_MSG_DISCONNECT (RFC 4253 section 11.1). */
export function disconnect(reason: DenialReason): Buffer {
  const code = reason === 'host-key' ? 9 : 2;
  const text = Buffer.from(`denied by Cofferdam (${reason})`, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUInt8(DISCONNECT, 0);
  head.writeUInt32BE(code, 1);
  head.writeUInt32BE(text.length, 5);
  return plainPacket(Buffer.concat([head, text, Buffer.alloc(4)]));
}
