import { createHash, X509Certificate } from 'node:crypto';

/** What a JVM checks a store's digest with when it is given no password: nothing. Ours is written for those that ask. */
const PASSWORD = 'changeit';
const MAGIC = 0xfeed_feed;
const VERSION = 2;
const TRUSTED = 2;
const SALT = 'Mighty Aphrodite';
const MAX_CERTIFICATES = 5_000;

/**
 * The certificates of a PEM text as a trust store of Java's own kind (JKS, `sun.security.provider.JavaKeyStore`), which every
 * JVM reads: a list of certificates, each with a name and a time, and a SHA-1 digest over it. What is not a certificate is left
 * out. It holds nothing secret, and its password guards nothing.
 */
export function javaTrustStore(pem: string, now = new Date()): Uint8Array {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.slice(0, MAX_CERTIFICATES).flatMap(certificateOf);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(now.getTime()));
  const entries = certificates.map((certificate, at) =>
    Buffer.concat([
      word(TRUSTED),
      text(`authority-${at + 1}`),
      time,
      text('X.509'),
      word(certificate.length),
      certificate,
    ]),
  );
  const store = Buffer.concat([word(MAGIC), word(VERSION), word(entries.length), ...entries]);
  const digest = createHash('sha1')
    .update(Buffer.from(PASSWORD, 'utf16le').swap16())
    .update(SALT)
    .update(store)
    .digest();
  return Buffer.concat([store, digest]);
}

function certificateOf(block: string): readonly Buffer[] {
  try {
    return [new X509Certificate(block).raw];
  } catch {
    return [];
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** As `DataOutput.writeUTF` has it; plain ASCII here. */
function text(value: string): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(value.length);
  return Buffer.concat([size, Buffer.from(value, 'latin1')]);
}
