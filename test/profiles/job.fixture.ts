import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type RecordEvent, verifyRecord } from '../../src/audit/index.ts';
import { parseAllowlist } from '../../src/egress/index.ts';
import { exec } from '../../src/engine/index.ts';
import { profilePath } from '../../src/sandbox/index.ts';
import { openStateFolder } from '../../src/store/index.ts';
import { defaultControls, type ProfileName, type RuntimeName, TIER_OF } from '../../src/zone/index.ts';

/** A folder to work in, and jobs that work in it as `cofferdam exec` has them; removed afterwards. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), 'profile-'));
  readonly work = join(this.directory, 'work');

  readonly #runtime: RuntimeName | undefined;

  /** `runtime`: another than the usual one of a hardened container. */
  constructor(runtime?: RuntimeName) {
    this.#runtime = runtime;
    mkdirSync(this.work);
  }

  /** Runs a script. `hosts`: names of this machine's loopback, with ports, that the job may reach. */
  async run(script: string, profile: ProfileName | undefined, hosts: readonly string[] = []) {
    const state = openStateFolder({ COFFERDAM_STATE: join(this.directory, 'state') });
    if (!state.ok) throw new Error(state.error.why);
    const allow = parseAllowlist(hosts, {});
    if (!allow.ok) throw new Error(allow.error.why);
    const controls = defaultControls('untrusted', { memoryBytes: 6e9, cpus: 2 });
    const events: RecordEvent[] = [];
    const said: string[] = [];
    const sink = (): Writable =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          said.push(chunk.toString('utf8'));
          done();
        },
      });
    const ran = await exec(
      {
        argv: ['bash', '-c', script],
        root: { kind: 'host' },
        workdir: this.work,
        controls: {
          ...controls,
          isolation: {
            ...controls.isolation,
            ...(this.#runtime !== undefined && { floor: TIER_OF[this.#runtime], runtime: this.#runtime }),
            ...(profile !== undefined && { profile }),
          },
          egress: { allow: hosts, allowRanges: ['127.0.0.0/8'] },
        },
        because: ['a test'],
        rules: [],
        facts: [],
        policy: { source: 'defaults' },
        allow: allow.value,
        resolver: {
          kind: 'static',
          addresses: Object.fromEntries(hosts.map((host) => [host.split(':')[0] ?? '', ['127.0.0.1']])),
        },
        readPaths: [],
        writePaths: [],
        files: [],
        environment: {
          PATH: profilePath(profile, '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'),
          HOME: '/home/runner',
        },
        timeoutMs: 300_000,
        version: 'test',
        strict: false,
      },
      { stdin: Readable.from([]), stdout: sink(), stderr: sink(), attach: () => undefined },
      state.value,
      { event: (event) => void events.push(event) },
    );
    if (!ran.ok) throw new Error(ran.error.why);
    const { run, exit, leftBehind } = ran.value;
    const verified = await verifyRecord({
      directory: run.record,
      keysFolder: state.value.keys,
      runId: run.id,
    });
    return { output: said.join(''), code: exit.code, leftBehind, events, record: verified.state };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What the record says of the profile in force. */
export function profileIn(events: readonly RecordEvent[]): unknown {
  const armed = events.find((event) => event.type === 'policy.armed' && event.control === 'sandbox');
  return armed?.type === 'policy.armed'
    ? (armed.receipt as { readonly profile?: unknown }).profile
    : undefined;
}
