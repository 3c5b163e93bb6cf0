/** An entry to be written into a tar archive, as hostile as one likes. */
export interface Written {
  readonly path: string;
  readonly type?: string;
  readonly target?: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  /** Instead of the content's own. */
  readonly size?: number;
  readonly breakSum?: boolean;
}

function header({ path, type, target, content, mode, size, breakSum }: Written): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0, 100, 'latin1');
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  octal(mode ?? 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? Buffer.byteLength(content ?? ''), 124, 12);
  octal(0, 136, 12);
  block.write(type ?? '0', 156, 'latin1');
  block.write(target ?? '', 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (breakSum === true ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The blocks of one entry, without an end. */
export function entry(written: Written): Buffer {
  const content = Buffer.from(written.content ?? '');
  return Buffer.concat([header(written), content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** What pax says ahead of the next entry. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + String(rest).length;
    if (String(length).length + rest !== length) length += 1;
    return `${length} ${key}=${value}\n`;
  });
  return entry({ path: 'pax', type, content: lines.join('') });
}

export const END = Buffer.alloc(1_024);

export function archive(...parts: readonly (Written | Buffer)[]): Buffer {
  return Buffer.concat([...parts.map((part) => (Buffer.isBuffer(part) ? part : entry(part))), END]);
}
