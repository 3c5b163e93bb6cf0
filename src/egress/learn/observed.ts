import type { RecordEvent, SeenProcess, SeenProgram } from '../../audit/index.ts';

/** What the jobs of one zone tried to reach in a run, gathered from its record. */
export interface Observed {
  readonly zone: string;
  readonly host: string;
  /** Absent: only the name was asked for, and refused. */
  readonly port?: number;
  readonly verdict: 'allowed' | 'denied';
  readonly reason?: string;
  /** Of a request that was read: its method and its path, without a query. */
  readonly request?: { readonly method: string; readonly path: string };
  /** The allowlist's entry that let it through. */
  readonly entry?: string;
  readonly jobs: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
  /** Program chains, each from the one that asked to the step's own: `node scripts/install.js ← sh ← npm ci`. */
  readonly programs: ReadonlySet<string>;
  /** What the kernel says that these programs are; each kind once. */
  readonly seenPrograms: readonly SeenProgram[];
  readonly times: number;
  readonly bytesOut: number;
}

type Growing = {
  -readonly [K in keyof Observed]: Observed[K] extends ReadonlySet<string>
    ? Set<string>
    : Observed[K] extends readonly SeenProgram[]
      ? SeenProgram[]
      : Observed[K];
};

const MAX_OBSERVED = 10_000;
const MAX_PROCESSES = 100_000;
const MAX_CHAIN = 8;
const MAX_KEPT = 20;

/** Reads a record's events in order. Names, programs and counts are the job's own word. */
export class Observations {
  readonly #job: string | undefined;
  readonly #zones = new Map<string, string>();
  readonly #seen = new Map<string, Growing>();
  readonly #connections = new Map<string, Growing>();
  readonly #processes = new Map<string, { readonly parent: number; readonly argv: readonly string[] }>();
  /** What was left out because it was too much; a list that is not whole teaches nothing. */
  leftOut = 0;

  /** `job`: only what this job did. */
  constructor(job?: string) {
    this.#job = job;
  }

  take(event: RecordEvent): void {
    if (this.#job !== undefined && 'job' in event && event.job !== this.#job) return;
    switch (event.type) {
      case 'zone.decided':
        this.#zones.set(event.job, event.zone);
        return;
      case 'process.started':
        if (this.#processes.size < MAX_PROCESSES)
          this.#processes.set(`${event.job} ${event.pid}`, { parent: event.parent, argv: event.argv });
        return;
      case 'dns.question':
        if (event.verdict === 'denied') this.#see(event, { host: event.name }, event.process, event.program);
        return;
      case 'network.connection': {
        const { wouldDeny } = event;
        const one = this.#see(
          wouldDeny === undefined ? event : { ...event, verdict: 'denied', reason: wouldDeny },
          {
            host: event.host ?? event.address,
            port: event.port,
            ...(event.entry !== undefined && { entry: event.entry }),
          },
          event.process,
          // It is known, and only not the one that the entry is for.
          event.reason === 'program-not-allowed' ? plain(event.program) : event.program,
        );
        if (one !== undefined) this.#connections.set(`${event.job} ${event.connection}`, one);
        return;
      }
      case 'network.request': {
        const { host, port, method, path, entry } = event;
        const request = { method, path };
        this.#see(event, { host, port, request, ...(entry !== undefined && { entry }) }, event.process);
        return;
      }
      case 'network.closed': {
        const one = this.#connections.get(`${event.job} ${event.connection}`);
        if (one !== undefined) one.bytesOut += event.bytesOut;
        return;
      }
      default:
        return;
    }
  }

  get all(): readonly Observed[] {
    return [...this.#seen.values()];
  }

  #see(
    event: {
      readonly job: string;
      readonly step: string;
      readonly verdict: 'allowed' | 'denied';
      readonly reason?: string;
    },
    what: Pick<Observed, 'host' | 'port' | 'entry' | 'request'>,
    process: SeenProcess | undefined,
    program?: SeenProgram,
  ): Growing | undefined {
    const zone = this.#zones.get(event.job) ?? 'untrusted';
    const key = JSON.stringify([
      zone,
      what.host,
      what.port,
      event.verdict,
      event.reason,
      what.entry,
      what.request,
    ]);
    let one = this.#seen.get(key);
    if (one === undefined) {
      if (this.#seen.size >= MAX_OBSERVED) {
        this.leftOut += 1;
        return undefined;
      }
      one = {
        zone,
        ...what,
        verdict: event.verdict,
        ...(event.reason !== undefined && { reason: event.reason }),
        jobs: new Set(),
        steps: new Set(),
        programs: new Set(),
        seenPrograms: [],
        times: 0,
        bytesOut: 0,
      };
      this.#seen.set(key, one);
    }
    one.times += 1;
    if (one.jobs.size < MAX_KEPT) one.jobs.add(event.job);
    if (one.steps.size < MAX_KEPT) one.steps.add(event.step);
    if (one.programs.size < MAX_KEPT && process !== undefined)
      one.programs.add(this.#chain(event.job, process));
    if (
      program !== undefined &&
      one.seenPrograms.length < MAX_KEPT &&
      !one.seenPrograms.some(isLike(program))
    )
      one.seenPrograms.push(program);
    return one;
  }

  #chain(job: string, process: SeenProcess): string {
    const chain = [process.argv.join(' ')];
    let at = this.#processes.get(`${job} ${process.pid}`);
    for (let depth = 0; at !== undefined && depth < MAX_CHAIN; depth += 1) {
      const parent = this.#processes.get(`${job} ${at.parent}`);
      if (parent === undefined) break;
      chain.push(parent.argv.join(' '));
      at = parent;
    }
    // npm and others pad their arguments with blanks when they rename themselves.
    return chain.map((argv) => argv.trim().slice(0, 80)).join(' ← ');
  }
}

function isLike(program: SeenProgram): (other: SeenProgram) => boolean {
  const text = JSON.stringify(program);
  return (other) => JSON.stringify(other) === text;
}

function plain(program: SeenProgram | undefined): SeenProgram | undefined {
  if (program === undefined) return undefined;
  const { why: _why, ...rest } = program;
  return rest;
}
