import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../base/index.ts';

/**
 * What is signed of a record: how many lines it has and the digest of the last. The text is a C2SP signed note
 * (c2sp.org/signed-note) whose body has the shape of a checkpoint (c2sp.org/tlog-checkpoint): origin, size, hash, and one
 * extension line, `closed` or `open`.
 */
export interface Checkpoint {
  readonly runId: string;
  readonly size: number;
  readonly head: Digest;
  /** True when the run ended and nothing more will be written. */
  readonly closed: boolean;
}

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const KEY_NAME = 'cofferdam-record';
const KEY_FILE = 'record.ed25519';

/** The key of this state folder, made on first use. Whoever can read it can forge records of this machine. */
export function loadSigningKey(keysFolder: string): SigningKey {
  return existingKey(keysFolder) ?? makeKey(keysFolder, join(keysFolder, KEY_FILE));
}

/** The key that is there; undefined when there is none. Throws when others could have read it: it then proves nothing. */
export function existingKey(keysFolder: string): SigningKey | undefined {
  const path = join(keysFolder, KEY_FILE);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0)
      throw new Error(`${path} is not a file that you alone can read: chmod 600, or remove it for a new key`);
    const privateKey = createPrivateKey(readFileSync(file, 'utf8'));
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } finally {
    closeSync(file);
  }
}

function makeKey(keysFolder: string, path: string): SigningKey {
  mkdirSync(keysFolder, { recursive: true, mode: 0o700 });
  chmodSync(keysFolder, 0o700);
  const pair = generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const staged = `${path}.${process.pid}`;
  writeFileSync(staged, pem, { mode: 0o600, flag: 'wx' });
  try {
    // Two first runs at once: whoever links first wins, and both read the winner's key.
    linkSync(staged, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(staged, { force: true });
  }
  const made = existingKey(keysFolder);
  if (made === undefined) throw new Error(`${path} was removed while it was made`);
  return made;
}

function noteBody(checkpoint: Checkpoint): string {
  const head = Buffer.from(checkpoint.head.slice('sha256:'.length), 'hex').toString('base64');
  return `cofferdam/record/${checkpoint.runId}\n${checkpoint.size}\n${head}\n${checkpoint.closed ? 'closed' : 'open'}\n`;
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** First four bytes of SHA-256 over name, newline, algorithm (1 is Ed25519) and key (c2sp.org/signed-note). */
function keyId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(`${KEY_NAME}\n`)
    .update(Buffer.from([1]))
    .update(rawPublicKey(key))
    .digest()
    .subarray(0, 4);
}

export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  const body = noteBody(checkpoint);
  const signature = Buffer.concat([keyId(key.publicKey), sign(null, Buffer.from(body), key.privateKey)]);
  return `${body}\n\u2014 ${KEY_NAME} ${signature.toString('base64')}\n`;
}

const NOTE =
  /^cofferdam\/record\/([0-9A-Z]{26})\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n(closed|open)\n\n\u2014 cofferdam-record ([A-Za-z0-9+/=]{1,200})\n$/;

/** The checkpoint, if the text is one and its signature is the key's; otherwise why not. */
export function openCheckpoint(text: string, publicKey: KeyObject): Checkpoint | { readonly why: string } {
  const match = NOTE.exec(text);
  const [, runId, size, head, state, signature] = match ?? [];
  if (runId === undefined || size === undefined || head === undefined || signature === undefined) {
    return { why: 'it is not a checkpoint of a record' };
  }
  const bytes = Buffer.from(signature, 'base64');
  const body = Buffer.from(text.slice(0, text.indexOf('\n\n') + 1));
  if (!bytes.subarray(0, 4).equals(keyId(publicKey)) || !verify(null, body, publicKey, bytes.subarray(4))) {
    return { why: 'its signature is not by the key of this state folder' };
  }
  return {
    runId,
    size: Number(size),
    head: `sha256:${Buffer.from(head, 'base64').toString('hex')}`,
    closed: state === 'closed',
  };
}
