/**
 * The server's side of SSH in plain text, for a client that does not ask who it speaks to: its line, its lists, and a host key of its
 * own with an answer that nobody could verify (RFC 4253 sections 4.2, 7.1 and 8, RFC 8731). What comes after it is only taken.
 */
export class SshAnswers {
  #said = '';
  #greeted = false;
  #answered = false;

  /** What is to be said after these bytes of the client's. */
  take(chunk: Buffer): Buffer {
    this.#said += chunk.toString('latin1');
    const answers: Buffer[] = [];
    const line = this.#said.indexOf('\n');
    if (line === -1 || !this.#said.startsWith('SSH-2.0-')) return Buffer.alloc(0);
    if (!this.#greeted) answers.push(Buffer.from('SSH-2.0-replay\r\n'), packet(KEXINIT));
    this.#greeted = true;
    const packets = Buffer.from(this.#said.slice(line + 1), 'latin1');
    for (let at = 0; at + 6 <= packets.length && !this.#answered; at += 4 + packets.readUInt32BE(at)) {
      if (packets[at + 5] !== KEX_ECDH_INIT) continue;
      this.#answered = true;
      answers.push(packet(KEX_ECDH_REPLY), packet(NEWKEYS));
    }
    return Buffer.concat(answers);
  }
}

const KEX_ECDH_INIT = 30;

function text(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function packet(payload: Buffer): Buffer {
  const fill = 16 - ((payload.length + 5) % 8);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + 1 + fill);
  head.writeUInt8(fill, 4);
  return Buffer.concat([head, payload, Buffer.alloc(fill)]);
}

/** A public key of the type ed25519, as `ssh-ed25519 BASE64` has it. */
export function ed25519Key(byte: number): Buffer {
  return Buffer.concat([text('ssh-ed25519'), text(Buffer.alloc(32, byte))]);
}

const LISTS = [
  'curve25519-sha256',
  'ssh-ed25519',
  'aes128-ctr',
  'aes128-ctr',
  'hmac-sha2-256',
  'hmac-sha2-256',
];
const KEXINIT = Buffer.concat([
  Buffer.of(20),
  Buffer.alloc(16, 7),
  ...[...LISTS, 'none', 'none', '', ''].map(text),
  Buffer.alloc(5),
]);
const KEX_ECDH_REPLY = Buffer.concat([
  Buffer.of(31),
  text(ed25519Key(0x41)),
  text(Buffer.alloc(32, 0x42)),
  text(Buffer.concat([text('ssh-ed25519'), text(Buffer.alloc(64, 0x43))])),
]);
const NEWKEYS = Buffer.of(21);
