/** How many names a job may have addresses for; a name beyond is denied. */
const MAX_NAMES = 8_192;
/** How many of them below one wildcard: each is asked of its owner's servers, who learn it. */
const MAX_BELOW_WILDCARD = 256;

/**
 * Gives each allowed name an address of its own inside the job's network, so that a connection carries the name that was
 * asked for. The addresses (198.18.0.0/15, RFC 2544, and fd63:6f66:6664::/96, RFC 4193) exist nowhere else.
 */
export class NamePool {
  readonly #byName = new Map<string, number>();
  readonly #byNumber = new Map<number, string>();
  readonly #below = new Map<string, number>();

  /** Undefined when there is no place left, at all or below the wildcard by which the name is allowed. */
  bytes(name: string, family: 4 | 6, pattern: string = name): Buffer | undefined {
    const known = this.#byName.get(name);
    if (known === undefined && (this.#byName.size >= MAX_NAMES || !this.#hasPlace(pattern))) return undefined;
    const number = known ?? this.#byName.size + 1;
    if (known === undefined) {
      this.#byName.set(name, number);
      this.#byNumber.set(number, name);
    }
    if (family === 4) return Buffer.from([198, 18, number >> 8, number & 0xff]);
    return Buffer.from([
      0xfd,
      0x63,
      0x6f,
      0x66,
      0x66,
      0x64,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      number >> 8,
      number & 0xff,
    ]);
  }

  #hasPlace(pattern: string): boolean {
    if (!pattern.startsWith('*.')) return true;
    const names = (this.#below.get(pattern) ?? 0) + 1;
    if (names > MAX_BELOW_WILDCARD) return false;
    this.#below.set(pattern, names);
    return true;
  }

  /** The name behind an address that a connection was made to; undefined when it is none of ours. */
  name(address: string): string | undefined {
    const four = /^198\.18\.(\d{1,3})\.(\d{1,3})$/.exec(address);
    if (four !== null) return this.#byNumber.get(Number(four[1]) * 256 + Number(four[2]));
    const six = /^fd63:6f66:6664::([0-9a-f]{1,4})$/.exec(address);
    return six?.[1] === undefined ? undefined : this.#byNumber.get(Number.parseInt(six[1], 16));
  }
}
