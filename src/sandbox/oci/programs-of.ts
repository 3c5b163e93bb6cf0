import type { ProgramFlow, ProgramSeen, RunningProcess, SandboxReceipt } from '../contract.ts';
import { ProgramSearch } from '../programs/program-search.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { JobGroup } from './job-group.ts';

export interface ProgramsRequest {
  readonly receipt: SandboxReceipt;
  readonly initPid: number;
  readonly group: JobGroup;
  /** What the control side gave to every step for its clients. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absent: the kernel that runs the job does not show its processes to this one. */
  readonly telemetry: Telemetry | undefined;
}

/** Who made a connection, for a sandbox that shares this machine's kernel. */
export interface Programs {
  find(flow: ProgramFlow, names: readonly string[]): Promise<ProgramSeen>;
  /** A process that the control side started: what comes from it has a known beginning. */
  step(process: RunningProcess): RunningProcess;
}

export function programsOf(request: ProgramsRequest): Programs {
  const { telemetry, receipt, initPid, group, environment } = request;
  if (telemetry === undefined) {
    const why = `${receipt.runtime.name} does not tell which program made it`;
    return { find: () => Promise.resolve({ known: false, why }), step: (process) => process };
  }
  const steps = new Set<number>();
  const unsteady = unsteadyBy(receipt);
  const search = new ProgramSearch(initPid, {
    observed: () => telemetry.observed(),
    asker: (protocol, localPort) => telemetry.programs.asker(protocol, localPort),
    startOf: (hostPid) => telemetry.programs.startOf(hostPid),
    processes: () => group.processes(),
    steps: () => steps,
    unsteady: () =>
      unsteady ??
      (telemetry.programs.memoryOpened ? 'a process of the job opened the memory of another' : undefined),
    given: environment,
  });
  return {
    find: (flow, names) => search.find(flow, names),
    step: (process) => {
      void follow(process, steps);
      return process;
    },
  };
}

async function follow(process: RunningProcess, steps: Set<number>): Promise<void> {
  const pid = await process.pid;
  steps.add(pid);
  await process.exited;
  steps.delete(pid);
}

/**
 * Why, from the beginning, no process of a job can be trusted to run only its own code. Landlock keeps each from writing the
 * memory of another through /proc, which no other wall does; a profile gives back calls that do.
 */
function unsteadyBy({ profile, checks }: SandboxReceipt): string | undefined {
  if (profile !== undefined)
    return `the profile ${profile.name} lets processes of the job act in the place of others`;
  const landlock = checks.find(({ id }) => id === 'landlock');
  return landlock?.held === true && !landlock.seen.startsWith('absent')
    ? undefined
    : 'without Landlock in this kernel a process may change the memory of another';
}
