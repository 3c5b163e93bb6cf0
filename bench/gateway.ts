import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { certificateFor, makeAuthority } from '../src/egress/inspect/authority.ts';
import {
  type Client,
  direct,
  gateway,
  memoryMb,
  type Origin,
  proxy,
  sandboxRuntime,
  type Way,
} from './ways.ts';
import type { OpenThings } from './open-things.ts';

// What a connection costs through each way, against a direct one of the same round: every round goes through all ways once, so
// that what else the machine does falls on all of them.

interface Row {
  readonly what: string;
  readonly unit: string;
  readonly speech: 'raw' | 'http' | 'tls' | 'inspected';
  readonly measure: string;
}

const STREAM = Number(process.env['BENCH_STREAM_BYTES'] ?? 1_000_000_000);
const ROWS: readonly Row[] = [
  { what: 'one stream', unit: 'MB/s', speech: 'raw', measure: `stream:${STREAM}` },
  { what: 'a request on an open connection', unit: 'ms', speech: 'raw', measure: 'request' },
  { what: 'a name, found', unit: 'ms', speech: 'raw', measure: 'name' },
  { what: 'a connection with one request', unit: 'ms', speech: 'raw', measure: 'connection' },
  { what: 'connections, 16 at one time', unit: '/s', speech: 'raw', measure: 'rate' },
  { what: 'HTTP in plain text: one answer', unit: 'MB/s', speech: 'http', measure: `stream:${STREAM}` },
  { what: 'HTTP in plain text: a request', unit: 'ms', speech: 'http', measure: 'request' },
  { what: 'TLS: one answer', unit: 'MB/s', speech: 'tls', measure: `stream:${STREAM / 4}` },
  { what: 'TLS: a request', unit: 'ms', speech: 'tls', measure: 'request' },
  { what: 'TLS: a connection with one request', unit: 'ms', speech: 'tls', measure: 'connection' },
  { what: 'TLS: connections, 16 at one time', unit: '/s', speech: 'tls', measure: 'rate' },
];
const OPEN = 1_000;

function median(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.toSorted((a, b) => a - b)[Math.floor(known.length / 2)] ?? Number.NaN;
}

async function said({ stdout, stderr, stdin }: Client): Promise<string> {
  stdin.end();
  stderr.resume();
  let out = '';
  for await (const part of stdout) out += String(part);
  return out;
}

async function startOrigin(pair: { readonly cert: string; readonly key: string }): Promise<{
  readonly origin: Origin;
  readonly close: () => void;
}> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'origin.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(`${JSON.stringify(pair)}\n`);
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString('latin1')));
  });
  const [raw = 0, http = 0, tls = 0, inspected = 0] = line.trim().split(' ').map(Number);
  return { origin: { raw, http, tls, inspected }, close: () => child.kill('SIGKILL') };
}

/** One way to measure: `inspected` is the gateway's, where it reads what is asked for. */
interface Column {
  readonly name: string;
  readonly way: Way;
  readonly speech: (row: Row) => Row['speech'] | undefined;
}

const asIs = ({ speech }: Row): Row['speech'] => speech;
/** Behind a proxy a client asks for no name. */
const byProxy = ({ speech, measure: what }: Row): Row['speech'] | undefined =>
  what === 'name' ? undefined : speech;
const read = ({ speech }: Row): Row['speech'] | undefined => (speech === 'tls' ? 'inspected' : undefined);

async function measure(row: Row, { way, speech }: Column, origin: Origin): Promise<number> {
  const spoken = speech(row);
  if (spoken === undefined) return Number.NaN;
  const out = await said(way.start(origin[spoken], spoken === 'inspected' ? 'tls' : spoken, row.measure));
  return out.trim() === '' ? Number.NaN : Number(out);
}

/** What the way's processes have grown by while so many connections are open, in MB; and in all. */
async function held(way: Way, port: number, speech: string): Promise<readonly [number, number]> {
  const before = memoryMb(way.carriers());
  const client = way.start(port, speech, `hold:${OPEN}`);
  client.stderr.resume();
  const ready = await new Promise<boolean>((resolve) => {
    client.stdout
      .once('data', (text: Buffer) => resolve(String(text).startsWith('ready')))
      .once('end', () => resolve(false));
  });
  const now = memoryMb(way.carriers());
  const ended = said(client);
  await ended;
  return ready ? [now - before, now] : [Number.NaN, Number.NaN];
}

function line(name: string, values: readonly string[]): void {
  process.stdout.write(`  ${name.padEnd(38)}${values.map((one) => one.padStart(24)).join('')}\n`);
}

/** Prints a table: each cell the median over the rounds, and the median of its ratio to the direct connection of its round. */
export async function gatewayTimes(
  folder: string,
  rounds: number,
  unpacked: string | undefined,
  things: OpenThings,
): Promise<void> {
  const closed = (way: Way | undefined): unknown => way?.close();
  const world = makeAuthority(['peer.test']);
  const { certificate, key } = certificateFor(world, 'peer.test');
  const far = await things.hold(
    () => startOrigin({ cert: certificate, key }),
    ({ close }) => close(),
  );
  const { origin } = far.it;
  const way = await things.hold(() => gateway(origin, world, folder), closed);
  const peers = [await things.hold(() => sandboxRuntime(folder), closed)];
  if (unpacked !== undefined)
    for (const name of ['tinyproxy', 'squid'] as const)
      peers.push(await things.hold(() => proxy(name, unpacked, folder), closed));
  const own = way.it;
  const others = peers.flatMap(({ it }) => it ?? []);
  const only = process.env['BENCH_WAYS']?.split(',');
  const columns: readonly Column[] = [
    { name: 'direct', way: direct(), speech: asIs },
    { name: 'gateway', way: own, speech: asIs },
    { name: 'inspected', way: own, speech: read },
    ...others.map((way) => ({ name: way.name, way, speech: byProxy })),
  ].filter(({ name }) => name === 'direct' || (only?.includes(name) ?? true));
  try {
    process.stdout.write(
      `the gateway (${rounds} rounds; ratio: against a direct connection of the same round on loopback)\n`,
    );
    line(
      '',
      columns.map(({ name }) => name),
    );
    for (const row of ROWS.filter(({ what }) => what.includes(process.env['BENCH_ROW'] ?? ''))) {
      const seen = columns.map((): number[] => []);
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, column] of columns.entries()) seen[at]?.push(await measure(row, column, origin));
      }
      const base = seen[0] ?? [];
      line(
        `${row.what}, ${row.unit}`,
        seen.map((values) => {
          const ratio = median(values.map((value, round) => value / (base[round] ?? Number.NaN)));
          const value = median(values);
          return Number.isNaN(value) ? '-' : `${value.toPrecision(4)}  ${ratio.toFixed(2)}x`;
        }),
      );
    }
    for (const [what, speech] of [
      [`MB for ${OPEN} open connections (all)`, 'raw'],
      [`MB for ${OPEN} of TLS (all)`, 'tls'],
    ] as const) {
      if (!what.includes(process.env['BENCH_ROW'] ?? '')) continue;
      const cells: string[] = [];
      for (const column of columns) {
        const spoken = column.speech({ what, unit: 'MB', speech, measure: '' });
        const [grown, all] =
          spoken === undefined ? [Number.NaN, Number.NaN] : await held(column.way, origin[spoken], speech);
        cells.push(Number.isNaN(grown) ? '-' : `${grown.toFixed(1)} (${all.toFixed(0)})`);
      }
      line(what, cells);
    }
  } finally {
    for (const one of [way, ...peers, far]) await one.close();
  }
}
