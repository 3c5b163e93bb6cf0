import { hostName } from './host-name.ts';

const METHOD = /^[A-Z]{2,16} /;
const REQUEST_LINE = /^([A-Z]{2,16}) (\S{1,8000}) HTTP\/1\.[01]$/;
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}):[ \t]*(.*?)[ \t]*$/;
const MAX_HEAD = 65_536;

/** True when the bytes can be the beginning of an HTTP/1 request. */
export function looksLikeHttp(bytes: Buffer): boolean {
  const text = bytes.subarray(0, 17).toString('latin1');
  return METHOD.test(text) || (text.length < 17 && /^[A-Z]{1,16}$/.test(text));
}

export type HttpProgress =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'head'; readonly host?: string };

/**
 * Follows the requests of one plain HTTP connection, so that each is held against the name that was asked for, also the
 * second on a connection that is kept. Strict where two readers could differ (RFC 9112 section 6.3, request smuggling):
 * one Host, one length, no length beside chunks, no folded header, no bare carriage return; a change of protocol and
 * CONNECT are malformed here. Never throws.
 */
export class HttpRequests {
  #head: Buffer = Buffer.alloc(0);
  #body:
    | { kind: 'length'; left: number }
    | { kind: 'chunk-line'; line: string }
    | { kind: 'chunk'; left: number }
    | { kind: 'trailer'; line: string }
    | undefined;
  requests = 0;

  /**
   * Takes bytes on their way out and calls `head` for each request's head; `head` says whether it may go on. Gives false
   * when the connection must end.
   */
  take(bytes: Buffer, head: (progress: Exclude<HttpProgress, { kind: 'more' }>) => boolean): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#body !== undefined) {
        const next = this.#skip(bytes, at);
        if (next === undefined) {
          head({ kind: 'malformed' });
          return false;
        }
        at = next;
        continue;
      }
      const from = this.#head.length;
      this.#head = Buffer.concat([this.#head, bytes.subarray(at)]);
      const end = this.#head.indexOf('\r\n\r\n', Math.max(0, from - 3));
      if (end === -1) {
        if (this.#head.length <= MAX_HEAD) return true;
        head({ kind: 'malformed' });
        return false;
      }
      at += end + 4 - from;
      const read = this.#readHead(this.#head.subarray(0, end).toString('latin1'));
      this.#head = Buffer.alloc(0);
      if (!head(read) || read.kind === 'malformed') return false;
      this.requests += 1;
    }
    return true;
  }

  #readHead(text: string): Exclude<HttpProgress, { kind: 'more' }> {
    const [first = '', ...lines] = text.split('\r\n');
    const request = REQUEST_LINE.exec(first);
    if (request === null || request[1] === 'CONNECT' || /[\r\n\0]/.test(text.replaceAll('\r\n', '')))
      return { kind: 'malformed' };
    const headers = new Map<string, string>();
    for (const line of lines) {
      const match = HEADER.exec(line);
      const name = match?.[1]?.toLowerCase();
      if (name === undefined) return { kind: 'malformed' };
      if (['host', 'content-length', 'transfer-encoding', 'upgrade'].includes(name) && headers.has(name))
        return { kind: 'malformed' };
      headers.set(name, match?.[2] ?? '');
    }
    if (headers.has('upgrade') || !this.#bodyFollows(headers)) return { kind: 'malformed' };
    const host = claimedHost(headers.get('host'));
    const target = request[2] ?? '';
    if (!target.startsWith('/') && target !== '*') {
      const absolute = /^http:\/\/([^/?#]{1,300})(?:[/?#]|$)/i.exec(target);
      if (absolute === null || claimedHost(absolute[1]) !== host) return { kind: 'malformed' };
    }
    return host === undefined ? { kind: 'head' } : { kind: 'head', host };
  }

  #bodyFollows(headers: ReadonlyMap<string, string>): boolean {
    const encoding = headers.get('transfer-encoding');
    const length = headers.get('content-length');
    if (encoding !== undefined) {
      if (length !== undefined || encoding.toLowerCase() !== 'chunked') return false;
      this.#body = { kind: 'chunk-line', line: '' };
      return true;
    }
    if (length === undefined) return true;
    if (!/^\d{1,15}$/.test(length)) return false;
    if (Number(length) > 0) this.#body = { kind: 'length', left: Number(length) };
    return true;
  }

  /** Passes over a body; gives where it goes on, or undefined when the body is not well formed. */
  #skip(bytes: Buffer, at: number): number | undefined {
    const body = this.#body;
    if (body === undefined) return at;
    if (body.kind === 'length' || body.kind === 'chunk') {
      const taken = Math.min(body.left, bytes.length - at);
      body.left -= taken;
      if (body.left === 0) this.#body = body.kind === 'length' ? undefined : { kind: 'chunk-line', line: '' };
      return at + taken;
    }
    const newline = bytes.indexOf(10, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    body.line += bytes.subarray(at, end).toString('latin1');
    if (body.line.length > 8_192) return undefined;
    if (newline === -1) return end;
    if (!body.line.endsWith('\r\n')) return undefined;
    const line = body.line.slice(0, -2);
    if (body.kind === 'trailer') {
      this.#body = line === '' ? undefined : { kind: 'trailer', line: '' };
      return end;
    }
    const size = /^([0-9a-fA-F]{1,8})(?:;.{0,1000})?$/.exec(line);
    if (size?.[1] === undefined) return undefined;
    const left = Number.parseInt(size[1], 16);
    // The chunk's own line break is part of what is passed over.
    this.#body = left === 0 ? { kind: 'trailer', line: '' } : { kind: 'chunk', left: left + 2 };
    return end;
  }
}

function claimedHost(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const match = /^([^:[\]@\s]{1,253})(?::\d{1,5})?$/.exec(value);
  return match?.[1] === undefined ? undefined : hostName(match[1]);
}
