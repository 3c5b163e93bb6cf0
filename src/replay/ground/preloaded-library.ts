/**
 * A shared library for LD_PRELOAD, of this processor's kind, that does one thing when it is loaded: it removes itself, so
 * that it does it once, and becomes the program, with the environment of whoever loaded it. Nothing has to be compiled.
 * Both are absolute paths.
 */
export function preloadedLibrary(own: string, program: string, architecture = process.arch): Buffer {
  const arm = architecture === 'arm64';
  const code = arm ? armCode : intelCode;
  const texts = Buffer.from(`${own}\0${program}\0`, 'utf8');
  const textAt = CODE_AT + CODE_SIZE;
  const programAt = textAt + Buffer.byteLength(own) + 1;
  const file = Buffer.alloc(textAt + texts.length);
  Buffer.from('7f454c46020101', 'hex').copy(file);
  // ET_DYN, the machine, version 1; where the program headers are, and how large.
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(arm ? 183 : 62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(3, 56);
  // PT_LOAD of all of it, PT_DYNAMIC, and PT_GNU_STACK that asks for no executable stack.
  segment(file, 64, 1, 7, 0, file.length);
  segment(file, 120, 2, 6, DYNAMIC_AT, ENTRIES.length * 16);
  segment(file, 176, 0x6474_e551, 6, 0, 0);
  for (const [index, [tag, value]] of ENTRIES.entries()) {
    file.writeBigUInt64LE(BigInt(tag), DYNAMIC_AT + index * 16);
    file.writeBigUInt64LE(BigInt(value), DYNAMIC_AT + index * 16 + 8);
  }
  // One bucket and one symbol, which is none.
  file.writeUInt32LE(1, HASH_AT);
  file.writeUInt32LE(1, HASH_AT + 4);
  code(textAt - CODE_AT, programAt - CODE_AT).copy(file, CODE_AT);
  texts.copy(file, textAt);
  return file;
}

const DYNAMIC_AT = 256;
const HASH_AT = 384;
const SYMBOLS_AT = 400;
const STRINGS_AT = 424;
const CODE_AT = 448;
const CODE_SIZE = 64;
/** elf(5): DT_INIT, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_NULL. */
const ENTRIES = [
  [12, CODE_AT],
  [4, HASH_AT],
  [5, STRINGS_AT],
  [6, SYMBOLS_AT],
  [10, 1],
  [11, 24],
  [0, 0],
] as const;

function segment(file: Buffer, at: number, type: number, flags: number, from: number, size: number): void {
  file.writeUInt32LE(type, at);
  file.writeUInt32LE(flags, at + 4);
  for (const place of [8, 16, 24]) file.writeBigUInt64LE(BigInt(from), at + place);
  for (const place of [32, 40]) file.writeBigUInt64LE(BigInt(size), at + place);
  file.writeBigUInt64LE(type === 1 ? 4_096n : 8n, at + 48);
}

/** unlink(own) == 0 && execve(program, {program}, envp); the loader calls with argc, argv and envp. */
function intelCode(ownAt: number, programAt: number): Buffer {
  const relative = (to: number, after: number): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(to - after);
    return bytes.toString('hex');
  };
  return Buffer.from(
    `52 488d3d${relative(ownAt, 8)} b857000000 0f05 5a 85c0 7516
     488d3d${relative(programAt, 27)} 6a00 57 4889e6 b83b000000 0f05 59 59 c3`.replaceAll(/\s/g, ''),
    'hex',
  );
}

function armCode(ownAt: number, programAt: number): Buffer {
  /** adr xN, there: the distance in two parts. */
  const adr = (register: number, to: number, here: number): number =>
    (0x1000_0000 | (((to - here) & 3) << 29) | (((to - here) >> 2) << 5) | register) >>> 0;
  const words = [
    0xaa02_03e9,
    0x9280_0c60,
    adr(1, ownAt, 8),
    0xd280_0002,
    0xd280_0468,
    0xd400_0001,
    // cbnz x0, to the end
    0xb500_0000 | (9 << 5),
    adr(0, programAt, 28),
    0xd100_43ff,
    0xa900_7fe0,
    0x9100_03e1,
    0xaa09_03e2,
    0xd280_1ba8,
    0xd400_0001,
    0x9100_43ff,
    0xd65f_03c0,
  ];
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  return bytes;
}
