import { open } from 'node:fs/promises';

const MAX_ENTRY = 1_048_576;
const MAX_DIRECTORY = 4_194_304;
/** PKWARE's APPNOTE: the end record has 22 bytes, and a comment of at most 65,535 behind it. */
const END = 0x06_05_4b_50;
const LISTED = 0x02_01_4b_50;
const MAX_TAIL = 22 + 65_535;

/** One file of a jar of this machine's own software, at most 1 MiB; undefined when it has none of that name or is no jar. */
export async function readJarEntry(path: string, name: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const read = async (position: number, length: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, position);
      return bytes.subarray(0, bytesRead);
    };
    const { size } = await file.stat();
    const tail = await read(Math.max(0, size - MAX_TAIL), Math.min(size, MAX_TAIL));
    const end = lastIndexOf(tail, END);
    if (end < 0 || end + 22 > tail.length) return undefined;
    const directory = await read(
      tail.readUInt32LE(end + 16),
      Math.min(tail.readUInt32LE(end + 12), MAX_DIRECTORY),
    );
    for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === LISTED; ) {
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
        directory.readUInt16LE(at + offset),
      );
      const after = at + 46 + (nameLength ?? 0);
      if (directory.toString('utf8', at + 46, after) === name) {
        const [method, packed, whole] = [
          directory.readUInt16LE(at + 10),
          directory.readUInt32LE(at + 20),
          directory.readUInt32LE(at + 24),
        ];
        if (packed > MAX_ENTRY || whole > MAX_ENTRY) return undefined;
        const header = directory.readUInt32LE(at + 42);
        const local = await read(header, 30);
        const data = await read(header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28), packed);
        if (method === 0) return data;
        // Loaded here: most commands read no jar, and it takes longer than to read one.
        const { inflateRawSync } = await import('node:zlib');
        return inflateRawSync(data, { maxOutputLength: MAX_ENTRY });
      }
      at = after + (extraLength ?? 0) + (commentLength ?? 0);
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

function lastIndexOf(bytes: Buffer, signature: number): number {
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(signature);
  return bytes.lastIndexOf(wanted);
}
