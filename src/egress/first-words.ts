import { looksLikeTls, readClientHello } from './client-hello.ts';
import type { Request } from './decide.ts';
import { Gathered } from './gathered.ts';
import { HttpRequests } from './http-requests.ts';

/** What a connection is, by its first bytes, which are all in `first`. */
export type Words =
  | { readonly protocol: 'tls'; readonly claimed?: string; readonly encrypted?: true; readonly first: Buffer }
  | {
      readonly protocol: 'http';
      readonly claimed?: string;
      readonly request: Request;
      readonly first: Buffer;
    }
  /** Of `tcp`: what asks whoever answers to pass it on to another place. */
  | { readonly protocol: 'tls' | 'http' | 'tcp'; readonly malformed: true; readonly first: Buffer }
  | { readonly protocol: 'tcp'; readonly first: Buffer };

/** More than this nobody needs to say what he is. */
const MAX_WORDS = 32_768;

/**
 * The beginning of a request line in the loosest reading that a server could have: any token for a method, any case, empty
 * lines before it (RFC 9112 section 2.2), and for a space whatever Python's http.server or Squid takes for one (section 3).
 */
const SPACE = String.raw`\t\v\f\r \x1c-\x1f\x85\xa0`;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]";
const METHOD = new RegExp(`^[\\n${SPACE}]{0,64}(${TOKEN}{1,32})[${SPACE}]`);
const MAY_BE_METHOD = new RegExp(`^[\\n${SPACE}]{0,64}${TOKEN}{0,32}$`);
const EMPTY_LINES = new RegExp(`^[\\n${SPACE}]{65}`);
const VERSION = /HTTP\/\d/i;
/** What begins with one of these is a request's line up to its line feed, whatever stands in it. */
const METHODS = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH|PROPFIND)$/i;
/** Other bytes end a line that may be another protocol's. */
const ENDS_LINE = /[\0-\x08\n\x0e-\x1b\x7f]/;
/** In HTTP/0.9, which names no version and no host, only who asks for another place through a proxy names one. */
const BY_PROXY = /^(?:CONNECT|(?:GET|POST|HEAD)[^\n]*:\/\/)/;
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
  #isMethod = false;

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
    return this.#requests === undefined && !this.#isMethod ? { protocol: 'tcp', first } : this.unclear();
  }

  #begin(): Words | undefined {
    const first = this.#bytes.bytes;
    const passing = asksToPassOn(first);
    if (passing === undefined) return undefined;
    if (passing) return { protocol: 'tcp', malformed: true, first };
    if (mayHideHello(first))
      return first.length < 2 ? undefined : { protocol: 'tls', malformed: true, first };
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
      this.#isMethod = METHODS.test(method[1] ?? '');
    }
    return this.#requestLine(first);
  }

  /** A line that names a version of HTTP is a request's. */
  #requestLine(first: Buffer): Words | undefined {
    for (; this.#looked < first.length; this.#looked += 1) {
      const character = String.fromCharCode(first[this.#looked] ?? 0);
      if (this.#isMethod ? character !== '\n' : !ENDS_LINE.test(character)) continue;
      const line = first.toString('latin1', 0, this.#looked);
      if (!VERSION.test(line))
        return BY_PROXY.test(line.trimStart()) ? this.unclear() : { protocol: 'tcp', first };
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
              request: head,
              ...(head.host !== undefined && { claimed: head.host }),
            };
      return false;
    });
    return found;
  }
}

/** Records that some servers pass over before a hello, as crypto/tls of Go does with a warning; nobody begins with one. */
function mayHideHello(first: Buffer): boolean {
  const kind = first[0] ?? 0;
  return kind >= 20 && kind <= 24 && kind !== 22 && (first.length < 2 || first[1] === 3);
}

/** Line and signature of the PROXY protocol, versions 1 and 2: they say for whom a connection is, and hide what follows. */
const PASSED_ON = [Buffer.from('PROXY '), Buffer.from('\r\n\r\n\0\r\nQUIT\n')];

/**
 * Whether somebody is asked to pass a connection on (SOCKS 4 and 5, RFC 1928 section 3, the PROXY protocol), which says nothing
 * of where it goes that could be held against a name. Undefined while it is not clear.
 */
function asksToPassOn(first: Buffer): boolean | undefined {
  const [version, second] = first;
  for (const one of PASSED_ON) {
    const same = Math.min(first.length, one.length);
    if (!first.subarray(0, same).equals(one.subarray(0, same))) continue;
    if (same === one.length) return true;
    return undefined;
  }
  if (version !== 4 && version !== 5) return false;
  if (second === undefined) return undefined;
  return version === 5 ? second > 0 : second === 1 || second === 2;
}

/** Why words that are malformed are refused. */
export function reasonOf({ protocol }: Words): 'malformed' | 'protocol-not-allowed' {
  return protocol === 'tcp' ? 'protocol-not-allowed' : 'malformed';
}
