import { looksLikeTls, readClientHello } from './client-hello.ts';
import { Gathered } from './gathered.ts';
import { HttpRequests } from './http-requests.ts';

/** What a connection is, by its first bytes, which are all in `first`. */
export type Words =
  | { readonly protocol: 'tls'; readonly claimed?: string; readonly encrypted?: true; readonly first: Buffer }
  | {
      readonly protocol: 'http';
      readonly claimed?: string;
      readonly request: { readonly method: string; readonly path: string; readonly websocket?: string };
      readonly first: Buffer;
    }
  | { readonly protocol: 'tls' | 'http'; readonly malformed: true; readonly first: Buffer }
  | { readonly protocol: 'tcp'; readonly first: Buffer };

/** More than this nobody needs to say what he is. */
const MAX_WORDS = 32_768;

/**
 * The beginning of a request line in the loosest reading that a server could have: any token for a method, any case, empty
 * lines before it (RFC 9112 section 2.2).
 */
const METHOD = /^[\r\n]{0,64}[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} /;
const MAY_BE_METHOD = /^[\r\n]{0,64}[!#$%&'*+.^_`|~0-9A-Za-z-]{0,32}$/;
const EMPTY_LINES = /^[\r\n]{65}/;
const VERSION = /HTTP\/\d/i;
const MAX_REQUEST_LINE = 16_384;

/**
 * Reads the first bytes of a connection as they come, until it is clear what it is: TLS and HTTP name their host, anything
 * else does not. What could still be one of the two is neither decided nor passed on.
 */
export class FirstWords {
  readonly #bytes = new Gathered();
  #requests: HttpRequests | undefined;
  /** How much of the first line was looked at, once it has a method. */
  #looked = 0;

  get size(): number {
    return this.#bytes.size;
  }

  /** Undefined while it is not clear. */
  take(chunk: Buffer): Words | undefined {
    this.#bytes.add(chunk);
    const words = this.#requests === undefined ? this.#begin() : this.#request(chunk);
    return words ?? (this.size > MAX_WORDS ? this.unclear() : undefined);
  }

  /** Nothing more will come, or not in time: what it seemed to become, and is not. */
  unclear(): Words {
    const first = this.#bytes.bytes;
    return { protocol: looksLikeTls(first) ? 'tls' : 'http', malformed: true, first };
  }

  /** The client has ended its side: what is no whole request or hello by now is none, whoever reads it. */
  ended(): Words {
    const first = this.#bytes.bytes;
    return this.#requests === undefined ? { protocol: 'tcp', first } : this.unclear();
  }

  #begin(): Words | undefined {
    const first = this.#bytes.bytes;
    if (looksLikeTls(first)) {
      const hello = readClientHello(first);
      if (hello.kind === 'more') return undefined;
      if (hello.kind === 'malformed') return { protocol: 'tls', malformed: true, first };
      const claimed = hello.serverName === undefined ? {} : { claimed: hello.serverName };
      return { protocol: 'tls', first, ...claimed, ...(hello.encrypted === true && { encrypted: true }) };
    }
    if (this.#looked === 0) {
      const text = first.toString('latin1', 0, 128);
      if (EMPTY_LINES.test(text)) return this.unclear();
      const method = METHOD.exec(text);
      if (method === null) return MAY_BE_METHOD.test(text) ? undefined : { protocol: 'tcp', first };
      this.#looked = method[0].length;
    }
    return this.#requestLine(first);
  }

  /** A line that names a version of HTTP is a request's; a control character ends every line. */
  #requestLine(first: Buffer): Words | undefined {
    for (; this.#looked < first.length; this.#looked += 1) {
      const byte = first[this.#looked] ?? 0;
      // A carriage return belongs to the line's end when it is followed by one.
      if (byte >= 0x20 ? byte !== 0x7f : byte === 9) continue;
      if (byte === 13 && this.#looked + 1 === first.length) return undefined;
      if (!VERSION.test(first.toString('latin1', 0, this.#looked))) return { protocol: 'tcp', first };
      this.#requests = new HttpRequests();
      return this.#request(first);
    }
    return first.length < MAX_REQUEST_LINE ? undefined : this.unclear();
  }

  #request(chunk: Buffer): Words | undefined {
    let found: Words | undefined;
    this.#requests?.take(chunk, (head) => {
      const first = this.#bytes.bytes;
      found ??=
        head.kind === 'malformed'
          ? { protocol: 'http', malformed: true, first }
          : {
              protocol: 'http',
              first,
              request: {
                method: head.method,
                path: head.path,
                ...(head.websocket !== undefined && { websocket: head.websocket }),
              },
              ...(head.host !== undefined && { claimed: head.host }),
            };
      return false;
    });
    return found;
  }
}
