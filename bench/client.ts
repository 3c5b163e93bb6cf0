import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as secure } from 'node:tls';

// usage: client HOW HOST PORT SPEECH WHAT      prints one number
//
// HOW: `direct`, or `proxy`: CONNECT through the one that HTTP_PROXY names. SPEECH: `raw`, `http` or `tls` (HTTP inside).
// WHAT: `stream:BYTES` (MB/s), `request` (ms of one on an open connection), `connection` (ms of one with one request), `rate`
// (such connections in a second, 16 at one time), `name` (ms until the host's name is found), `hold:COUNT` (opens as many, says
// `ready`, keeps them until its input ends).

const [how = '', host = '', port = '', speech = '', asked = ''] = process.argv.slice(2);
const [what = '', amount = '0'] = asked.split(':');
const AT_ONCE = 16;
const RATE_COUNT = 1_200;
/** Not every way passes on that its input has ended. */
const HOLD_MS = 15_000;
const ALL_MS = 120_000;

function dial(): Promise<Socket> {
  const proxy = how === 'proxy' ? new URL(process.env['HTTP_PROXY'] ?? '') : undefined;
  const to =
    proxy === undefined ? { host, port: Number(port) } : { host: proxy.hostname, port: Number(proxy.port) };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, noDelay: true });
    socket.once('error', reject);
    const ready = (): void => {
      if (speech !== 'tls') {
        resolve(socket);
        return;
      }
      // Whom to trust is not what is measured.
      const inner = secure({
        socket,
        servername: 'peer.test',
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
      });
      inner.once('error', reject);
      inner.once('secureConnect', () => resolve(inner));
    };
    socket.once('connect', () => {
      if (proxy === undefined) {
        ready();
        return;
      }
      const credentials = Buffer.from(decodeURIComponent(`${proxy.username}:${proxy.password}`)).toString(
        'base64',
      );
      const authorization = proxy.username === '' ? '' : `Proxy-Authorization: Basic ${credentials}\r\n`;
      socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${authorization}\r\n`);
      let head = '';
      const look = (chunk: Buffer): void => {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        socket.off('data', look);
        if (/^HTTP\/1\.[01] 200/.test(head)) ready();
        else reject(new Error(head));
      };
      socket.on('data', look);
    });
  });
}

/** Asks for as many bytes, and settles when all have come. */
function ask(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = bytes;
    let head = speech === 'raw' ? undefined : '';
    const take = (chunk: Buffer): void => {
      let length = chunk.length;
      if (head !== undefined) {
        const text = head + chunk.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end === -1) {
          head = text;
          return;
        }
        if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text));
        length = text.length - end - 4;
        head = undefined;
      }
      left -= length;
      if (left > 0) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed early')));
    const name = how === 'proxy' ? host : 'peer.test';
    socket.write(speech === 'raw' ? `${bytes}\n` : `GET /${bytes} HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`);
  });
}

async function once(): Promise<void> {
  const socket = await dial();
  await ask(socket, 6);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end();
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

async function each(count: number, act: () => Promise<void>): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < count; i += 1) took.push(await timed(act));
  return median(took);
}

async function measure(): Promise<number> {
  switch (what) {
    case 'stream': {
      const socket = await dial();
      const ms = await timed(() => ask(socket, Number(amount)));
      socket.destroy();
      return Number(amount) / 1e6 / (ms / 1e3);
    }
    case 'request': {
      const socket = await dial();
      await ask(socket, 6);
      const took = await each(500, () => ask(socket, 6));
      socket.destroy();
      return took;
    }
    case 'connection':
      return each(200, once);
    case 'name':
      return each(200, async () => {
        await lookup(how === 'direct' && isIP(host) !== 0 ? 'localhost' : host);
      });
    case 'rate': {
      const ms = await timed(() =>
        Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            for (let i = 0; i < RATE_COUNT / AT_ONCE; i += 1) await once();
          }),
        ),
      );
      return RATE_COUNT / (ms / 1e3);
    }
    default: {
      const open: Socket[] = [];
      while (open.length < Number(amount)) {
        const some = await Promise.all(Array.from({ length: 20 }, dial));
        for (const socket of some) {
          socket.setMaxListeners(0);
          await ask(socket, 6);
          socket.on('error', () => undefined);
        }
        open.push(...some);
      }
      process.stdout.write('ready\n');
      await Promise.race([
        new Promise((resolve) => process.stdin.once('end', resolve).resume()),
        sleep(HOLD_MS),
      ]);
      const alive = open.filter((socket) => !socket.destroyed).length;
      for (const socket of open) socket.destroy();
      return alive;
    }
  }
}

setTimeout(() => process.exit(1), ALL_MS).unref();
measure().then(
  (value) => process.stdout.write(`${value}\n`, () => process.exit(0)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
