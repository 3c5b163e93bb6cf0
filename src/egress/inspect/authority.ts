import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP } from 'node:net';
import { bits, integer, objectId, octets, sequence, set, tagged, time, utf8, yes } from './der.ts';

/**
 * A certificate authority of one run: whom the job's clients trust for the hosts that are inspected, and for no other. Its key
 * is in the memory of the control side and of the gateway, and nowhere else.
 */
export interface Authority {
  /** PEM. What the sandbox is shown. */
  readonly certificate: string;
  /** PKCS #8, PEM. Never leaves the control side but to the gateway. */
  readonly key: string;
}

/** A server's certificate with its key, PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const HOUR_MS = 3_600_000;
const VALID_MS = 80 * HOUR_MS;
const SUBJECT = 'Cofferdam, authority of one run';

/** Makes the authority for these hosts: names, `*.name`, or addresses. It can vouch for nothing else (RFC 5280, 4.2.1.10). */
export function makeAuthority(hosts: readonly string[], now = new Date()): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = issue({
    subject: SUBJECT,
    publicKey,
    issuerKey: privateKey,
    issuerPublicKey: publicKey,
    now,
    extensions: [
      extension('2.5.29.19', sequence(yes(), integer(Buffer.from([0]))), true),
      extension('2.5.29.15', bits(Buffer.from([0x06]), 1), true),
      extension('2.5.29.30', sequence(tagged(0xa0, ...permitted(hosts)), ...excluded(hosts)), true),
    ],
  });
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** Makes a certificate for one host by an authority. The host was checked: it is a name or an address in its one spelling. */
export function certificateFor(authority: Authority, host: string, now = new Date()): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKey = createPrivateKey(authority.key);
  const certificate = issue({
    subject: 'Cofferdam',
    publicKey,
    issuerKey,
    issuerPublicKey: createPublicKey(issuerKey),
    now,
    extensions: [
      extension('2.5.29.15', bits(Buffer.from([0x80]), 7), true),
      extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.17', sequence(nameOf(host))),
    ],
  });
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function issue(what: {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly now: Date;
  readonly extensions: readonly Buffer[];
}): string {
  const info = spki(what.publicKey);
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    ECDSA_SHA256,
    commonName(SUBJECT),
    sequence(time(new Date(what.now.getTime() - HOUR_MS)), time(new Date(what.now.getTime() + VALID_MS))),
    commonName(what.subject),
    info,
    tagged(
      0xa3,
      sequence(
        ...what.extensions,
        extension('2.5.29.14', octets(keyId(what.publicKey))),
        extension('2.5.29.35', sequence(tagged(0x80, keyId(what.issuerPublicKey)))),
      ),
    ),
  );
  const whole = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, what.issuerKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha256').update(spki(key)).digest().subarray(0, 20);
}

function commonName(text: string): Buffer {
  return sequence(set(sequence(objectId('2.5.4.3'), utf8(text))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [yes()] : []), octets(value));
}

function nameOf(host: string): Buffer {
  return isIP(host) === 0 ? tagged(0x82, Buffer.from(host, 'latin1')) : tagged(0x87, addressBytes(host));
}

/** A name stands for itself and all below it here; that a certificate is made for the very host is the gateway's doing. */
function permitted(hosts: readonly string[]): readonly Buffer[] {
  return hosts.map((host) => {
    if (isIP(host) === 0) return sequence(tagged(0x82, Buffer.from(host.replace(/^\*\./, ''), 'latin1')));
    const address = addressBytes(host);
    return sequence(tagged(0x87, address, Buffer.alloc(address.length, 0xff)));
  });
}

/** A kind of name of which none is permitted would be free otherwise. */
function excluded(hosts: readonly string[]): readonly Buffer[] {
  const missing = [4, 6].filter((version) => !hosts.some((host) => isIP(host) === version));
  if (missing.length === 0) return [];
  const all = missing.map((version) => sequence(tagged(0x87, Buffer.alloc(version === 4 ? 8 : 32))));
  return [tagged(0xa1, ...all)];
}

function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number));
  const [head = '', tail] = host.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  const bytes = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((part, at) =>
    bytes.writeUInt16BE(Number.parseInt(part, 16), at * 2),
  );
  return bytes;
}
