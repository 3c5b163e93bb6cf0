import type { SeenProgram } from '../../audit/index.ts';
import type { GatewayEvent } from '../../egress/index.ts';
import type { ProgramFlow, ProgramSeen, Sandbox } from '../../sandbox/index.ts';

/** To look closely at a process costs some milliseconds: so often for one place and program, and so often in all, it is done to learn from. */
const MAX_PER_PLACE = 3;
const MAX_EVIDENCE = 512;
const RESOLVER = '127.0.0.1';
const RESOLVER_PORT = 53;

/** The programs of one job's connections: told to the gateway where it decides by them, and to the record. */
export class JobPrograms {
  readonly #sandbox: () => Sandbox | undefined;
  /** Processes to which something was allowed as what they were. */
  readonly #answered = new Set<number>();
  readonly #places = new Map<string, number>();
  #evidence = MAX_EVIDENCE;

  constructor(sandbox: () => Sandbox | undefined) {
    this.#sandbox = sandbox;
  }

  async of(flow: ProgramFlow, names: readonly string[]): Promise<ProgramSeen> {
    const sandbox = this.#sandbox();
    if (sandbox === undefined) return { known: false, why: 'the sandbox is not there yet' };
    const program = await sandbox.programOf(flow, names);
    if (program.known) this.#answered.add(program.pid);
    return program;
  }

  /** Whether a process that just started a program may hold what was allowed to the one that it was before. */
  became({ pid }: { readonly pid: number }): boolean {
    return this.#answered.delete(pid);
  }

  /** Of what no entry decided by its program. A process that is gone, or that counts as no program, is told with why. */
  async evidence(
    event: GatewayEvent,
    process?: { readonly argv: readonly string[] },
  ): Promise<SeenProgram | undefined> {
    const sandbox = this.#sandbox();
    const flow = this.#toLookAt(event, process?.argv.slice(0, 2).join(' ').slice(0, 200) ?? '');
    if (flow === undefined || sandbox === undefined) return undefined;
    const program = await sandbox.programOf(flow, []);
    if (!program.known) return { why: program.why, ...(program.run !== undefined && { run: program.run }) };
    const [run] = program.run;
    const [script] = program.script ?? [];
    const nested = program.above.some((one) => one.run[0] === run && one.script?.[0] === script);
    return {
      ...(run !== undefined && { run }),
      ...(script !== undefined && { script }),
      ...(program.jit && { jit: true }),
      ...(nested && { nested: true }),
    };
  }

  #toLookAt(event: GatewayEvent, by: string): ProgramFlow | undefined {
    if (event.kind === 'connect') {
      const { clientPort, port, address, host, verdict } = event;
      if (event.program !== undefined || !this.#isNew(`${verdict} ${host ?? address}:${port} ${by}`))
        return undefined;
      return { localPort: clientPort, remotePort: port, remoteAddress: address };
    }
    if (event.kind !== 'dns' || event.verdict === 'allowed' || !this.#isNew(`${event.name} ${by}`))
      return undefined;
    return {
      protocol: event.transport,
      localPort: event.clientPort,
      remotePort: RESOLVER_PORT,
      remoteAddress: RESOLVER,
    };
  }

  #isNew(place: string): boolean {
    const times = (this.#places.get(place) ?? 0) + 1;
    if (times > MAX_PER_PLACE || this.#evidence <= 0) return false;
    this.#evidence -= 1;
    this.#places.set(place, times);
    return true;
  }
}
