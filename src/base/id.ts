const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A ULID (github.com/ulid/spec): 26 characters, sorts by time. `random` must give 10 bytes that cannot be guessed.
 */
export function ulid(nowMs: number, random: Uint8Array): string {
  if (random.length !== 10) throw new Error('a ULID needs 10 random bytes');
  let time = '';
  let rest = nowMs;
  for (let i = 0; i < 10; i += 1) {
    time = `${ALPHABET.charAt(rest % 32)}${time}`;
    rest = Math.floor(rest / 32);
  }
  let bits = 0n;
  for (const byte of random) bits = (bits << 8n) | BigInt(byte);
  let tail = '';
  for (let i = 0; i < 16; i += 1) {
    tail = `${ALPHABET.charAt(Number(bits & 31n))}${tail}`;
    bits >>= 5n;
  }
  return time + tail;
}
