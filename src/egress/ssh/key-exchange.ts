/** The lists of algorithms that one side can do, of SSH_MSG_KEXINIT (RFC 4253 section 7.1). */
export interface KexInit {
  readonly methods: readonly string[];
  /** It sends the first packet of the method that it expects, without waiting. */
  readonly guesses: boolean;
}

/** Undefined when the message is none. */
export function readKexInit(payload: Buffer): KexInit | undefined {
  let at = 17;
  let methods: readonly string[] = [];
  for (let list = 0; list < 10; list += 1) {
    if (at + 4 > payload.length) return undefined;
    const length = payload.readUInt32BE(at);
    if (at + 4 + length > payload.length) return undefined;
    const text = payload.toString('latin1', at + 4, at + 4 + length);
    if (!/^[\x21-\x7e]*$/.test(text)) return undefined;
    if (list === 0) methods = text.split(',').filter((name) => name !== '');
    at += 4 + length;
  }
  if (at + 5 !== payload.length) return undefined;
  return { methods, guesses: payload.readUInt8(at) !== 0 };
}

/** Names that stand in the list and are no methods (RFC 8308, and OpenSSH's strict key exchange). */
const MARKERS = /^(?:ext-info-[cs]|kex-strict-[cs]-v00@openssh\.com)$/;

/** The method that both come to: the client's first that the server can do as well. */
export function agreedMethod(client: KexInit, server: KexInit): string | undefined {
  return client.methods.find((name) => !MARKERS.test(name) && server.methods.includes(name));
}

/** Methods whose answer is message 31 and begins with the host key (RFC 4253 section 8, RFC 5656, RFC 8731, and their kin). */
const ANSWER_IN_31 =
  /^(?:curve25519-sha256(?:@libssh\.org)?|curve448-sha512|ecdh-sha2-[\w.]{1,40}|diffie-hellman-group(?:1|14|15|16|17|18)-sha(?:1|256|512)|sntrup761x25519-sha512(?:@openssh\.com)?|mlkem768x25519-sha256|mlkem768nistp256-sha256|mlkem1024nistp384-sha384)$/;
/** With a group of the server's choice the answer is message 33 (RFC 4419). */
const ANSWER_IN_33 = /^diffie-hellman-group-exchange-sha(?:1|256)$/;

/** The number of the message by which a server shows its key; undefined for a method that is not known here. */
export function answerOf(method: string): 31 | 33 | undefined {
  if (ANSWER_IN_31.test(method)) return 31;
  return ANSWER_IN_33.test(method) ? 33 : undefined;
}

/** The host key K_S as it stands in such a message; undefined when it is none. */
export function hostKeyIn(payload: Buffer): Buffer | undefined {
  if (payload.length < 5) return undefined;
  const length = payload.readUInt32BE(1);
  return length === 0 || 5 + length > payload.length
    ? undefined
    : Buffer.from(payload.subarray(5, 5 + length));
}
