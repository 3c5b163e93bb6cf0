import { Readable, Writable } from 'node:stream';
import type { Refusal } from '../../base/index.ts';
import { type AllowEntry, readsRequests, TIER_OF, type RuntimeName } from '../../config/index.ts';
import {
  type AllowedDestination,
  type Inspection,
  makeAuthority,
  parseAllowlist,
} from '../../egress/index.ts';
import { exec } from '../../engine/index.ts';
import type { ReplayCase } from '../attack.ts';
import { replayState } from './contained-run.ts';
import type { JobRequest } from './job-request.ts';

/** Runs a job as `cofferdam exec` does; gives why it was refused, when it was. `trusted`: who vouches for the sink's TLS. */
export async function productJob(
  request: JobRequest,
  one: ReplayCase,
  entries: readonly AllowEntry[],
  runtime: RuntimeName,
  trusted: string,
  run: { readonly made: (runId: string) => void; readonly watched: (runId: string) => () => void },
): Promise<Refusal | undefined> {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  let stop = (): void => undefined;
  let id = '';
  const sink = (): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        request.output(chunk);
        done();
      },
    });
  const outcome = await exec(
    {
      argv: request.argv,
      root: { kind: 'host' },
      workdir: request.workFolder,
      controls: {
        ...request.controls,
        isolation: { floor: TIER_OF[runtime], runtime },
        egress: { allow: entries, allowRanges: [] },
      },
      because: ['a replay of an attack'],
      facts: [{ name: 'started', value: 'replay', source: 'command-line', forgeable: false }],
      policy: { source: 'defaults' },
      rules: [],
      allow: allow.value,
      ...(await inspectionOf(allow.value, trusted)),
      // Without a table the gateway asks as on any machine: here that is the sink.
      resolver:
        one.addresses === undefined ? { kind: 'system' } : { kind: 'static', addresses: one.addresses },
      readPaths: request.readPaths,
      writePaths: [],
      files: request.files,
      environment: request.environment,
      timeoutMs: request.timeoutMs,
      version: 'replay',
      strict: false,
    },
    { stdin: Readable.from([]), stdout: sink(), stderr: sink(), attach: () => undefined },
    replayState(),
    {
      event: (event) => {
        if (event.type === 'run.started') {
          id = event.run;
          run.made(id);
        }
        // A machine boots on all processors, and nothing of the job's runs before this.
        const begins = runtime === 'qemu' ? 'step.started' : 'run.started';
        if (event.type === begins && id !== '') stop = run.watched(id);
      },
    },
  );
  stop();
  return outcome.ok ? undefined : outcome.error;
}

/** As `cofferdam exec` has it: an authority for what asks for methods or paths, and for nothing else. */
async function inspectionOf(
  allow: readonly AllowedDestination[],
  trusted: string,
): Promise<{ readonly inspection?: Inspection }> {
  const hosts = allow.filter(readsRequests).map(({ host }) => host);
  return hosts.length === 0 ? {} : { inspection: { authority: await makeAuthority(hosts), trusted } };
}
