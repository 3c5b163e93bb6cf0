import { expect, test } from 'vitest';
import { SshHandshake } from '../../src/egress/ssh/handshake.ts';
import { fuzz } from './mutate.fixture.ts';

// An input is what both sides say, in turns: a byte for who speaks (odd: the server), two for the length, then the bytes.

const KEY = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0\u0004good', 'latin1');
const OTHER = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0\u0004evil', 'latin1');
const CURVE = 'curve25519-sha256,ext-info-c';
const GROUP = 'diffie-hellman-group-exchange-sha256';

function text(of: Buffer | string): Buffer {
  const bytes = Buffer.from(of);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function packet(...payload: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(payload.map((part) => Buffer.from(part)));
  const padding = 4 + ((8 - ((bytes.length + 9) % 8)) % 8);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length + padding + 1);
  return Buffer.concat([length, Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
}

function kexInit(methods: string): Buffer {
  const lists = Array.from({ length: 9 }, () => text('x'));
  return packet(Buffer.from([20]), Buffer.alloc(16, 7), text(methods), ...lists, Buffer.alloc(5));
}

function said(...turns: readonly (readonly [0 | 1, Buffer | string])[]): Buffer {
  return Buffer.concat(
    turns.map(([who, bytes]) => {
      const head = Buffer.from([who, 0, 0]);
      head.writeUInt16BE(Buffer.byteLength(bytes), 1);
      return Buffer.concat([head, Buffer.from(bytes)]);
    }),
  );
}

interface Turn {
  readonly server: boolean;
  readonly bytes: Buffer;
}

function turnsOf(input: Buffer): readonly Turn[] {
  const turns: Turn[] = [];
  for (let at = 0; at + 3 <= input.length; ) {
    const length = input.readUInt16BE(at + 1);
    turns.push({ server: (input[at] ?? 0) % 2 === 1, bytes: input.subarray(at + 3, at + 3 + length) });
    at += 3 + length;
  }
  return turns;
}

interface Followed {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
  readonly denied: string | undefined;
  /** The client's bytes went on beyond its line although the server had not said that it speaks SSH. */
  readonly early: boolean;
}

function follow(turns: readonly Turn[]): Followed {
  const handshake = new SshHandshake([`ssh-ed25519 ${KEY.toString('base64')}`]);
  const [toServer, toClient]: [Buffer[], Buffer[]] = [[], []];
  let denied: string | undefined;
  let early = false;
  for (const { server, bytes } of turns) {
    const taken = server ? handshake.server(bytes) : handshake.client(bytes);
    toServer.push(...taken.toServer);
    toClient.push(...taken.toClient);
    denied = taken.denied;
    const client = Buffer.concat(toServer).toString('latin1');
    if (/^SSH-[^\n]*\n./s.test(client))
      early ||= !/(?:^|\n)SSH-/.test(Buffer.concat(toClient).toString('latin1'));
    if (denied !== undefined) break;
  }
  return { toServer: Buffer.concat(toServer), toClient: Buffer.concat(toClient), denied, early };
}

/** The messages of one side as they stand on the wire, up to its change of keys; another reader than ours, which believes all. */
function messagesOf(stream: Buffer): readonly Buffer[] {
  const wire = stream.toString('latin1');
  const line = /(?:^|\n)SSH-[^\n]*\n/.exec(wire);
  const messages: Buffer[] = [];
  if (line === null) return messages;
  for (let at = line.index + line[0].length; at + 5 < stream.length; ) {
    const length = stream.readUInt32BE(at);
    const payload = stream.subarray(at + 5, at + 4 + length - (stream[at + 4] ?? 0));
    messages.push(payload);
    if (payload[0] === 21) break;
    at += 4 + length;
  }
  return messages;
}

function firstList(message: Buffer | undefined): readonly string[] {
  if (message === undefined) return [];
  return message.toString('latin1', 21, 21 + message.readUInt32BE(17)).split(',');
}

const NO_METHOD = /^(?:ext-info|kex-strict)-/;

/** Whether who carried these bytes has let a client change its keys with a server that did not show the key that was named. */
function isWrongAllow({ toServer, toClient }: Followed): string | undefined {
  const client = messagesOf(toServer);
  if (client.at(-1)?.[0] !== 21) return undefined;
  const server = messagesOf(toClient);
  const [theirs, ours] = [client, server].map((all) => firstList(all.find((one) => one[0] === 20)));
  const method = theirs?.find((name) => !NO_METHOD.test(name) && ours?.includes(name) === true);
  if (method === undefined) return 'keys were changed without a method that both can do';
  const answer = method.includes('group-exchange') ? 33 : 31;
  const answers = server.filter((one) => one[0] === answer);
  if (answers.length !== 1) return `${answers.length} answers`;
  const shown = answers[0]?.subarray(5, 5 + (answers[0].readUInt32BE(1) >>> 0));
  return shown?.equals(KEY) === true ? undefined : 'another key';
}

test('no dialogue makes the follower of SSH fail, read otherwise in pieces, or pass a change of keys with a server of another key', () => {
  const line = [
    [0, 'SSH-2.0-OpenSSH_9.2\r\n'],
    [1, 'hello\r\nSSH-2.0-server\r\n'],
  ] as const;
  const newKeys = packet(Buffer.from([21]));
  const whole = (key: Buffer, methods: string, shows = 31): Buffer =>
    said(
      ...line,
      [0, kexInit(methods)],
      [1, kexInit(methods)],
      [0, packet(Buffer.from([30]), text('secret'))],
      [1, packet(Buffer.from([shows]), text(key), text('f'), text('signature'))],
      [1, newKeys],
      [0, newKeys],
      [0, 'encrypted'],
      [1, 'encrypted too'],
    );
  const seeds = [
    whole(KEY, CURVE),
    whole(OTHER, CURVE),
    whole(KEY, `${GROUP},${CURVE}`, 33),
    said(
      ...line,
      [0, kexInit(GROUP)],
      [1, kexInit(`${CURVE},${GROUP}`)],
      [0, packet(Buffer.from([34]), 'sizes')],
      [1, packet(Buffer.from([31]), text('p'), text('g'))],
      [0, packet(Buffer.from([32]), text('e'))],
      [1, packet(Buffer.from([33]), text(KEY), text('f'), text('s'))],
      [1, newKeys],
      [0, newKeys],
    ),
    said([0, 'GET / HTTP/1.1\r\n'], [1, 'SSH-2.0-x\n']),
  ];
  const words = [
    said([1, packet(Buffer.from([31]), text(OTHER), text('f'), text('s'))]),
    said([1, packet(Buffer.from([31]), text(KEY), text('f'), text('s'))]),
    said([0, newKeys]),
    said([1, newKeys]),
    said([0, kexInit('none')]),
    said([1, packet(Buffer.from([2]), text('ignored'))]),
    said([0, packet(Buffer.from([94]), 'data')]),
    '\0\0\u0004',
    'SSH-1.99-x\r\n',
    'SSH-1.5-x\n',
    '\n',
    ',curve25519-sha256',
    'evil',
  ].map((word) => word.toString('latin1'));
  let carried = 0;
  const seen = fuzz('ssh', seeds, words, (input) => {
    const turns = turnsOf(input);
    const followed = follow(turns);
    const [client, server] = [false, true].map((side) =>
      Buffer.concat(turns.filter((turn) => turn.server === side).map(({ bytes }) => bytes)),
    );
    // What goes on is what came, in its order, and nothing else.
    expect(client?.subarray(0, followed.toServer.length).equals(followed.toServer)).toBe(true);
    expect(server?.subarray(0, followed.toClient.length).equals(followed.toClient)).toBe(true);
    expect(followed.early).toBe(false);
    expect(
      followed.toServer.length === 0 || followed.toServer.toString('latin1').startsWith('SSH-2.0-'),
    ).toBe(true);
    expect(isWrongAllow(followed)).toBeUndefined();
    const pieces = turns.flatMap(({ server: by, bytes }) => {
      const cut = bytes.length === 0 ? 0 : (bytes[0] ?? 0) % (bytes.length + 1);
      return [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) => ({ server: by, bytes: part }));
    });
    const again = follow(pieces);
    if (followed.denied === undefined) expect(again).toEqual(followed);
    else expect(again.denied).toBe(followed.denied);
    const ended = messagesOf(followed.toServer).at(-1)?.[0] === 21;
    if (ended) carried += 1;
    return `${followed.denied} ${ended} ${messagesOf(followed.toServer).length} ${messagesOf(followed.toClient).length}`;
  });
  expect(seen).toBeGreaterThan(10);
  expect(carried).toBeGreaterThan(1);
});
