import { Gathered } from './gathered.ts';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const STATUS = /^HTTP\/1\.1 101(?: [^\r\n]{0,200})?$/;
const MAX_HEAD = 65_536;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The key of a request that asks for a WebSocket, and for nothing that two readers could take for something else (RFC 6455 section
 * 4.1): GET in HTTP/1.1, one protocol, without a body. Undefined for every other change of protocol.
 */
export function webSocketKey(
  method: string,
  minorVersion: string | number,
  headers: Headers,
): string | undefined {
  const key = headers['sec-websocket-key'];
  return method === 'GET' &&
    Number(minorVersion) === 1 &&
    asks(headers) &&
    headers['sec-websocket-version'] === '13' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    typeof key === 'string' &&
    KEY.test(key)
    ? key
    : undefined;
}

/** Whether the answer with these headers is the one to that key: made by a server that speaks it, and not said by accident. */
export function isAccepted(key: string, headers: Headers): boolean {
  // Loaded here: most gateways see no WebSocket, and all of them would start later.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const wanted = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return asks(headers) && headers['sec-websocket-accept'] === wanted;
}

function asks({ upgrade, connection }: Headers): boolean {
  const words = String(connection ?? '')
    .toLowerCase()
    .split(',');
  return (
    String(upgrade ?? '').toLowerCase() === 'websocket' && words.some((word) => word.trim() === 'upgrade')
  );
}

/** Reads what a server answers to a request that asked for a WebSocket, until it is clear whether it changes to it. */
export class SwitchAnswer {
  readonly #key: string;
  readonly #held = new Gathered();

  constructor(key: string) {
    this.#key = key;
  }

  /** Undefined while it is not clear; then all that was said, and whether it is a WebSocket from here on. */
  take(bytes: Buffer): { readonly bytes: Buffer; readonly switched: boolean } | undefined {
    this.#held.add(bytes);
    const said = this.#held.bytes;
    const end = said.indexOf('\r\n\r\n');
    if (end === -1) return said.length < MAX_HEAD ? undefined : { bytes: said, switched: false };
    const [status = '', ...lines] = said.toString('latin1', 0, end).split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).toLowerCase();
      // Said twice it is not clear which counts.
      headers[name] = Object.hasOwn(headers, name) ? '' : line.slice(colon + 1).trim();
    }
    return { bytes: said, switched: STATUS.test(status) && isAccepted(this.#key, headers) };
  }
}
