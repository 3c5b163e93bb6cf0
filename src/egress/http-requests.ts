import type { Request } from './decide.ts';
import { Gathered } from './gathered.ts';
import { addressLiteral, hostName } from './host-name.ts';
import { overridesIn } from './overrides.ts';
import { webSocketKey } from './websocket.ts';

const REQUEST_LINE = /^([A-Z]{2,16}) (\S{1,8000}) HTTP\/1\.([01])$/;
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}):(.*)$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})(?:;[^\r\n\0]{0,1000})?$/;
/** Headers of which one reader may take the first and another the last. */
const SINGULAR: readonly string[] = [
  'host',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
];
const MAX_HEAD = 65_536;
const MAX_LINE = 8_192;

export type RequestHead =
  | { readonly kind: 'malformed' }
  /** Its path as it stands in the request, from its first slash on; of `OPTIONS *` the star. */
  | (Request & { readonly kind: 'head'; readonly host?: string });

/** What may go on. `ended` says that nothing more may: the last head was malformed, or refused by whoever was asked. */
export interface Passed {
  readonly pass: readonly Buffer[];
  readonly ended?: RequestHead['kind'];
}

type Part =
  | { readonly kind: 'head' | 'chunk-line' | 'chunk-end' | 'trailer' | 'switching' }
  | { readonly kind: 'length' | 'chunk'; left: number };

/**
 * Follows the requests of one plain HTTP connection, so that each is held against the name that was asked for, also the
 * second on a connection that is kept. No byte of a request goes on before its whole head was: a server may be content
 * with less than we are. Strict where two readers could differ (RFC 9112 section 6.3, request smuggling): one Host, one
 * length, no length beside chunks, no chunks in HTTP/1.0, no folded header, no line without a carriage return and none
 * with two; a change of protocol other than to a WebSocket and CONNECT are malformed here. Never throws.
 */
export class HttpRequests {
  readonly #held = new Gathered();
  /** Where the line that is not whole yet begins in what is held. */
  #line = 0;
  #part: Part = { kind: 'head' };
  requests = 0;

  /** Takes bytes on their way out and calls `head` for each request's head; `head` says whether it may go on. */
  take(bytes: Buffer, head: (head: RequestHead) => boolean): Passed {
    const pass: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const part = this.#part;
      if (part.kind === 'length' || part.kind === 'chunk') {
        const size = Math.min(part.left, bytes.length - at);
        pass.push(bytes.subarray(at, at + size));
        at += size;
        part.left -= size;
        if (part.left === 0) this.#part = { kind: part.kind === 'length' ? 'head' : 'chunk-end' };
        continue;
      }
      // Who asked for another protocol waits for the answer (RFC 6455 section 4.1).
      if (part.kind === 'switching') {
        head({ kind: 'malformed' });
        return { pass, ended: 'malformed' };
      }
      const newline = bytes.indexOf(10, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      this.#held.add(bytes.subarray(at, end));
      at = end;
      const ended = newline === -1 ? this.#tooLong() : this.#takeLine(pass, head);
      if (ended !== undefined) {
        if (ended === 'malformed') head({ kind: 'malformed' });
        return { pass, ended };
      }
    }
    return { pass };
  }

  #tooLong(): 'malformed' | undefined {
    const most = this.#part.kind === 'head' ? MAX_HEAD : MAX_LINE;
    return this.#held.size > most ? 'malformed' : undefined;
  }

  /** The last line that is held is whole. */
  #takeLine(pass: Buffer[], head: (head: RequestHead) => boolean): RequestHead['kind'] | undefined {
    const held = this.#held.bytes;
    const line = held.toString('latin1', this.#line, held.length);
    if (this.#tooLong() !== undefined || !line.endsWith('\r\n') || /[\r\0]/.test(line.slice(0, -2)))
      return 'malformed';
    const text = line.slice(0, -2);
    switch (this.#part.kind) {
      case 'head': {
        if (text !== '') {
          this.#line = held.length;
          return undefined;
        }
        const read = this.#readHead(held.toString('latin1', 0, Math.max(0, held.length - 4)));
        if (read.kind === 'malformed') return 'malformed';
        if (!head(read)) return 'head';
        this.requests += 1;
        break;
      }
      case 'chunk-line': {
        const size = CHUNK_LINE.exec(text)?.[1];
        if (size === undefined) return 'malformed';
        const left = Number.parseInt(size, 16);
        this.#part = left === 0 ? { kind: 'trailer' } : { kind: 'chunk', left };
        break;
      }
      case 'chunk-end':
        if (text !== '') return 'malformed';
        this.#part = { kind: 'chunk-line' };
        break;
      default:
        if (text === '') this.#part = { kind: 'head' };
        else if (!isTrailer(text)) return 'malformed';
    }
    pass.push(this.#held.take());
    this.#line = 0;
    return undefined;
  }

  #readHead(text: string): RequestHead {
    const [first = '', ...lines] = text.split('\r\n');
    const request = REQUEST_LINE.exec(first);
    if (request === null || request[1] === 'CONNECT') return { kind: 'malformed' };
    const headers = new Map<string, string>();
    const all: string[] = [];
    for (const line of lines) {
      const match = HEADER.exec(line);
      const name = match?.[1]?.toLowerCase();
      const value = withoutBlanks(match?.[2] ?? '');
      if (name === undefined || isDisguised(name)) return { kind: 'malformed' };
      if (SINGULAR.includes(name) && headers.has(name)) return { kind: 'malformed' };
      headers.set(name, value);
      all.push(name, value);
    }
    // A server behind the first one would not see what stands there (RFC 9110 section 7.6.1).
    const dropped = all
      .flatMap((name, at) =>
        at % 2 === 0 && name === 'connection' ? (all[at + 1] ?? '').toLowerCase().split(',') : [],
      )
      .map(withoutBlanks);
    if (dropped.some((name) => name !== 'upgrade' && SINGULAR.includes(name))) return { kind: 'malformed' };
    const body = bodyAfter(headers, request[3] === '1');
    // Many servers take none there, and would read it as the next request (RFC 9110 section 9.3.1).
    if (body?.kind !== 'head' && (request[1] === 'GET' || request[1] === 'HEAD'))
      return { kind: 'malformed' };
    const key = webSocketKey(request[1] ?? '', request[3] ?? '', Object.fromEntries(headers));
    if (body === undefined || (headers.has('upgrade') && key === undefined)) return { kind: 'malformed' };
    this.#part = key === undefined ? body : { kind: 'switching' };
    const place = claimedPlace(headers.get('host'));
    const target = request[2] ?? '';
    let path = target;
    if (!target.startsWith('/') && target !== '*') {
      const absolute = /^http:\/\/([^/?#]{1,300})((?:[/?#].*)?)$/i.exec(target);
      const named = claimedPlace(absolute?.[1]);
      if (absolute === null || named.host !== place.host || named.port !== place.port)
        return { kind: 'malformed' };
      path = absolute[2]?.startsWith('/') === true ? absolute[2] : `/${absolute[2] ?? ''}`;
    }
    return {
      kind: 'head',
      ...place,
      method: request[1] ?? '',
      path,
      ...overridesIn(all),
      ...(key !== undefined && { websocket: key }),
    };
  }
}

/** Without the blanks around it, and nothing else (RFC 9110 section 5.6.3): in one pass, where a pattern would need one for each blank. */
function withoutBlanks(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && (value[from] === ' ' || value[from] === '\t')) from += 1;
  while (to > from && (value[to - 1] === ' ' || value[to - 1] === '\t')) to -= 1;
  return value.slice(from, to);
}

/** Servers that hand headers on as variables make a dash of an underscore (RFC 3875 section 4.1.18). */
function isDisguised(name: string): boolean {
  return name.includes('_') && SINGULAR.includes(name.replaceAll('_', '-'));
}

/** A trailer that says where a request goes or how long it is has no place there (RFC 9110 section 6.5.1). */
function isTrailer(line: string): boolean {
  const name = HEADER.exec(line)?.[1]?.toLowerCase();
  return name !== undefined && !SINGULAR.includes(name) && !isDisguised(name);
}

/** What follows a head; undefined when two readers could see different things. */
function bodyAfter(headers: ReadonlyMap<string, string>, chunks: boolean): Part | undefined {
  const encoding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (encoding !== undefined) {
    const plain = chunks && length === undefined && encoding.toLowerCase() === 'chunked';
    return plain ? { kind: 'chunk-line' } : undefined;
  }
  if (length === undefined || /^0{1,15}$/.test(length)) return { kind: 'head' };
  return /^\d{1,15}$/.test(length) ? { kind: 'length', left: Number(length) } : undefined;
}

function claimedPlace(value = ''): { readonly host?: string; readonly port?: number } {
  const [, name = '', port] =
    /^([^:[\]@\s]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::(\d{1,5}))?$/.exec(value) ?? [];
  const host = name.startsWith('[')
    ? addressLiteral(name.slice(1, -1))
    : (addressLiteral(name) ?? hostName(name));
  if (host === undefined) return {};
  return { host, ...(port !== undefined && { port: Number(port) }) };
}
