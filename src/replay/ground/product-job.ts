import { Readable, Writable } from 'node:stream';
import { type RecordEvent, type Verification, verifyRecord } from '../../audit/index.ts';
import type { Refusal, Result } from '../../base/index.ts';
import { parseAllowlist } from '../../egress/index.ts';
import { exec } from '../../engine/index.ts';
import { openStateFolder, type RunFolder, type StateFolder } from '../../store/index.ts';
import type { ReplayCase } from '../attack.ts';
import type { JobRequest } from './weakened-job.ts';

export interface ContainedRun {
  readonly verification: Verification;
  readonly events: readonly RecordEvent[];
  readonly refusal?: Refusal;
  readonly leftBehind: readonly string[];
}

/** Runs a job as `cofferdam exec` does, and reads its record back after it was verified. */
export async function productJob(
  request: JobRequest,
  one: ReplayCase,
  watched: (runId: string) => () => void,
): Promise<ContainedRun> {
  const state = openStateFolder({ COFFERDAM_STATE: '/run/replay/state' });
  if (!state.ok) throw new Error(state.error.why);
  const allow = parseAllowlist(one.allow ?? [], {});
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
      controls: { ...request.controls, egress: { allow: one.allow ?? [], allowRanges: [] } },
      because: ['a replay of an attack'],
      facts: [{ name: 'started', value: 'replay', source: 'command-line', forgeable: false }],
      policy: { source: 'defaults' },
      allow: allow.value,
      resolver: { kind: 'static', addresses: one.addresses ?? {} },
      readPaths: request.readPaths,
      writePaths: [],
      files: request.files,
      environment: request.environment,
      timeoutMs: request.timeoutMs,
      version: 'replay',
    },
    { stdin: Readable.from([]), stdout: sink(), stderr: sink(), attach: () => undefined },
    state.value,
    {
      event: (event) => {
        if (event.type !== 'run.started') return;
        id = event.run;
        stop = watched(event.run);
      },
    },
  );
  stop();
  const run = runOf(state.value, outcome, id);
  const events: RecordEvent[] = [];
  const verification = await verifyRecord({
    directory: run.record,
    keysFolder: state.value.keys,
    runId: run.id,
    each: (event) => events.push(event),
  });
  return {
    verification,
    events,
    leftBehind: outcome.ok ? outcome.value.leftBehind : [],
    ...(!outcome.ok && { refusal: outcome.error }),
  };
}

function runOf(
  state: StateFolder,
  outcome: Result<{ readonly run: RunFolder }, Refusal>,
  id: string,
): Pick<RunFolder, 'id' | 'record'> {
  return outcome.ok ? outcome.value.run : { id, record: `${state.runs}/${id}/record` };
}
