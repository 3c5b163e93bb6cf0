import type { Http2ServerRequest } from 'node:http2';

/** How the end of a request's body is found; `bytes` of none is 0. */
export type BodyEnd = { readonly kind: 'bytes'; readonly bytes: number } | { readonly kind: 'chunks' };

/**
 * How the body of a request goes on. In HTTP/2 frames end it, and no header need say how long it is; Node.js writes the body of a
 * GET, HEAD, DELETE or OPTIONS without a length as it stands, and a server of HTTP/1.1 then reads it as further requests, which
 * nobody has looked at. So it is always said. Undefined when the length is none.
 */
export function bodyEnd(request: Http2ServerRequest): BodyEnd | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding !== undefined) return length === undefined ? { kind: 'chunks' } : undefined;
  if (length !== undefined)
    return /^\d{1,15}$/.test(length) ? { kind: 'bytes', bytes: Number(length) } : undefined;
  const ended = request.httpVersionMajor !== 2 || request.stream.endAfterHeaders;
  return ended ? { kind: 'bytes', bytes: 0 } : { kind: 'chunks' };
}

/** The headers that say so. A method that has no body as a rule gets none that says it has none. */
export function bodyHeaders(
  end: BodyEnd,
  headers: Readonly<Record<string, string | string[]>>,
): Record<string, string | string[]> {
  const { 'content-length': said, ...others } = headers;
  if (end.kind === 'chunks') return { ...others, 'transfer-encoding': 'chunked' };
  return said === undefined && end.bytes === 0 ? others : { ...others, 'content-length': String(end.bytes) };
}
