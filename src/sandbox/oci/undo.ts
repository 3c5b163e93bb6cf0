import { rmSync } from 'node:fs';
import { err, type Refusal, type Result } from '../../base/index.ts';
import type { Sandbox } from '../contract.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import type { InitSession } from '../process/session.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { unmountBelow, type Workspace } from '../workspace/index.ts';
import { type JobGroup, jobGroup } from './job-group.ts';
import type { SecondWalls } from './second-walls.ts';
import type { StillHeld } from './still-held.ts';

const GONE_WITHIN_MS = 5_000;

type DestroyOptions = NonNullable<Parameters<Sandbox['destroy']>[0]>;

/** Everything that was made so far, to be taken back in order whatever happened. */
export class Undo {
  telemetry: Telemetry | undefined;
  workspace: Workspace | undefined;
  session: InitSession | undefined;
  walls: SecondWalls | undefined;
  held: StillHeld | undefined;
  group: JobGroup;
  /** More than the workspace may be mounted in the sandbox's own folder: by us, or by the runtime. */
  mounted = false;
  readonly #directory: string;
  #done: Promise<{ readonly leftBehind: readonly string[]; readonly notKept?: Refusal }> | undefined;

  constructor(directory: string, host: HostFacts, plan: SandboxPlan) {
    this.#directory = directory;
    this.group = jobGroup(host, plan.cgroupPath);
  }

  async refuse(why: Refusal): Promise<Result<never, Refusal>> {
    await this.all();
    return err(why);
  }

  all(options: DestroyOptions = {}): Promise<{
    readonly leftBehind: readonly string[];
    readonly notKept?: Refusal;
  }> {
    this.#done ??= this.#run(options);
    return this.#done;
  }

  async #run({
    emptied,
    ...keep
  }: DestroyOptions): Promise<{ readonly leftBehind: readonly string[]; readonly notKept?: Refusal }> {
    this.held?.stop();
    this.telemetry?.expectEnd();
    this.session?.close();
    const { group } = this;
    // Without a process 1 that hears of it, what a runtime began to make ends by nobody's word.
    if (this.session === undefined) for (const pid of group.processes()) kill(pid);
    if (!(await group.empty(GONE_WITHIN_MS))) {
      for (const pid of group.processes()) kill(pid);
      await group.empty(GONE_WITHIN_MS);
    }
    emptied?.();
    await this.telemetry?.finish();
    const closed = await this.workspace?.close(keep);
    const left = [...(closed?.leftBehind ?? []), ...group.remove(), ...(this.walls?.remove() ?? [])];
    if (this.mounted && !(await unmountBelow(this.#directory)).ok) left.push(this.#directory);
    try {
      rmSync(this.#directory, { recursive: true, force: true });
    } catch {
      left.push(this.#directory);
    }
    await this.telemetry?.close();
    return { leftBehind: left, ...(closed?.notKept !== undefined && { notKept: closed.notKept }) };
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
