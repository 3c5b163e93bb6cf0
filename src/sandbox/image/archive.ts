import { type ImageBounds, tooLarge, unusable } from './bounds.ts';

/** One entry of a layer. Names are bytes, kept one to a character (latin1): what they mean is the reader's matter. */
export interface ArchiveEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'hard-link' | 'special';
  readonly path: string;
  /** Of a link, as it stands there; of a hard link, a path within the archive. */
  readonly target: string;
  readonly executable: boolean;
  readonly size: number;
}

const BLOCK = 512;
const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hard-link',
  '2': 'link',
  '3': 'special',
  '4': 'special',
  '5': 'folder',
  '6': 'special',
};

/** Gives exactly as many bytes as are asked for, out of chunks of any size. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** At most `most` bytes, as they come; none at the end. */
  async some(most: number): Promise<Buffer> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return this.#held;
      this.#held = next.value;
    }
    const given = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(given.length);
    return given;
  }

  async exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const part = await this.some(left);
      if (part.length === 0) throw truncated();
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }
}

/** What was said ahead of an entry: its long names, and what pax says of it. */
interface Ahead {
  path?: string;
  target?: string;
  size?: number;
  /** By which kind of entry: each may come once. */
  readonly kinds: Set<string>;
}

/**
 * Reads a tar archive (POSIX.1-2017 pax, ustar, and GNU's long names) and hands over each entry, with its content in
 * chunks; the content that is not read is passed over. Everything that two readers could read differently is refused: a
 * wrong sum, a size where there is no content, sparse files, unknown types, no end. Throws `UnusableImage`.
 */
export async function readArchive(
  chunks: AsyncIterable<Buffer>,
  bounds: ImageBounds,
  take: (entry: ArchiveEntry) => ((chunk: Buffer) => void) | undefined,
  done: () => void,
): Promise<void> {
  const bytes = new Bytes(chunks);
  let ahead: Ahead = { kinds: new Set() };
  for (;;) {
    const block = await bytes.exactly(BLOCK);
    if (isZero(block)) {
      if (ahead.kinds.size > 0) throw broken('it ends after a long name');
      return ended(bytes);
    }
    const type = headerType(block);
    if ('xgLK'.includes(type)) {
      const size = number(block, 124, 12);
      if (size > bounds.extensionBytes) throw tooLarge('the size of a long name', bounds.extensionBytes);
      const content = await bytes.exactly(size);
      await padding(bytes, size);
      heed(type, content, ahead);
      continue;
    }
    const entry = entryOf(block, type, ahead);
    ahead = { kinds: new Set() };
    const sink = take(entry);
    for (let left = entry.size; left > 0; ) {
      const chunk = await bytes.some(left);
      if (chunk.length === 0) throw truncated();
      sink?.(chunk);
      left -= chunk.length;
    }
    done();
    await padding(bytes, entry.size);
  }
}

async function padding(bytes: Bytes, size: number): Promise<void> {
  await bytes.exactly((BLOCK - (size % BLOCK)) % BLOCK);
}

/** A second block of zeros, and nothing but zeros after it. */
async function ended(bytes: Bytes): Promise<void> {
  if (!isZero(await bytes.exactly(BLOCK))) throw broken('something follows its end');
  for (;;) {
    const rest = await bytes.some(65_536);
    if (rest.length === 0) return;
    if (!isZero(rest)) throw broken('something follows its end');
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function headerType(block: Buffer): string {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (number(block, 148, 8) !== sum) throw broken('the sum of a header is wrong');
  return String.fromCharCode(block[156] ?? 0);
}

function entryOf(block: Buffer, type: string, ahead: Ahead): ArchiveEntry {
  const given = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (given === undefined) throw unusable('entry', `a layer has an entry of type ${JSON.stringify(type)}`);
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? word(block, 345, 155) : '';
  const name = word(block, 0, 100);
  const path = ahead.path ?? (prefix === '' ? name : `${prefix}/${name}`);
  const kind = given === 'file' && path.endsWith('/') ? 'folder' : given;
  const size = ahead.size ?? number(block, 124, 12);
  if (kind !== 'file' && size !== 0) throw broken('an entry that is no file has a content');
  return {
    kind,
    path,
    target: ahead.target ?? word(block, 157, 100),
    executable: (number(block, 100, 8) & 0o111) !== 0,
    size,
  };
}

/** What stands ahead of an entry, each kind once; `g` is of all that follow and may say nothing of names and sizes. */
function heed(type: string, content: Buffer, ahead: Ahead): void {
  if (type !== 'g') {
    if (ahead.kinds.has(type)) throw broken('a long name is given twice');
    ahead.kinds.add(type);
  }
  if (type === 'L' || type === 'K') {
    const end = content.indexOf(0);
    const name = content.toString('latin1', 0, end === -1 ? content.length : end);
    if (type === 'L') ahead.path ??= name;
    else ahead.target ??= name;
    return;
  }
  for (const [key, value] of records(content)) {
    if (key.startsWith('GNU.sparse.')) throw unusable('entry', 'a layer has a sparse file');
    if (key !== 'path' && key !== 'linkpath' && key !== 'size') continue;
    if (type === 'g') throw broken('one name or size is given for all entries');
    if (key === 'path') ahead.path = value;
    else if (key === 'linkpath') ahead.target = value;
    else if (/^\d{1,15}$/.test(value)) ahead.size = Number(value);
    else throw broken('a size is not a number');
  }
}

/** `LENGTH KEY=VALUE` with a line's end, where the length counts all of it. */
function* records(content: Buffer): Generator<readonly [string, string]> {
  for (let at = 0; at < content.length; ) {
    const length = /^([1-9]\d{0,6}) /.exec(content.toString('latin1', at, at + 8))?.[1];
    const end = at + Number(length ?? Number.NaN);
    const record = content.toString('latin1', at + (length?.length ?? 0) + 1, end - 1);
    const equals = record.indexOf('=');
    if (length === undefined || end > content.length || content[end - 1] !== 0x0a || equals < 1)
      throw broken('an attribute cannot be read');
    yield [record.slice(0, equals), record.slice(equals + 1)];
    at = end;
  }
}

function word(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? length : end);
}

/** Octal digits, or GNU's big-endian number with the first bit set. */
function number(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, 0);
    if (Number.isSafeInteger(value)) return value;
    throw broken('a number is too large');
  }
  const digits = /^ *([0-7]{0,12})[ \0]*$/.exec(field.toString('latin1'))?.[1];
  if (digits === undefined) throw broken('a number cannot be read');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function broken(why: string) {
  return unusable('archive', `the archive of a layer is broken: ${why}`);
}

function truncated() {
  return broken('it ends early');
}
