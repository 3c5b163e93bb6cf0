import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { RecordEvent } from '../../audit/index.ts';
import { ulid } from '../../base/index.ts';
import type { AllowEntry, ProfileName } from '../../config/index.ts';
import { parseAllowlist } from '../../egress/index.ts';
import { defaultControls } from '../../zone/index.ts';
import { type Cell, openCell } from './open-cell.ts';
import { sandboxFolder } from './sandbox-folder.ts';

/** A script of the read-only root: it asks for what it is told to, and may start other commands before. */
export const FETCH = '/opt/cofferdam-test/fetch.py';
const FETCH_CODE = `
import socket, subprocess, sys, time
def ask(path, keep=False):
    s = socket.create_connection(('api.test', int(sys.argv[1])), 10)
    s.sendall(('GET /%s HTTP/1.1\\r\\nHost: api.test:%s\\r\\n\\r\\n' % (path, sys.argv[1])).encode())
    try: return s.recv(4096).decode()[:16]
    except ConnectionError: return 'cut'
for command in sys.argv[3:]: subprocess.run(['sh', '-c', command])
print(ask(sys.argv[2]))
`;

/** The server that jobs want to reach. Its word is the verdict: what a job says of itself counts for nothing. */
export class Sink {
  readonly asked: string[] = [];
  readonly #server: Server;
  port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push((request.url ?? '').slice(1));
      response.end('yes');
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const at = this.#server.address();
    this.port = typeof at === 'object' && at !== null ? at.port : 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A real sandbox with a real gateway that lets `api.test` be reached under one entry. */
export class Job {
  readonly #cell: Cell;
  readonly events: RecordEvent[];

  private constructor(cell: Cell, events: RecordEvent[]) {
    this.#cell = cell;
    this.events = events;
  }

  static async open(
    entries: AllowEntry | readonly AllowEntry[],
    options: { readonly profile?: ProfileName; readonly environment?: Readonly<Record<string, string>> } = {},
  ): Promise<Job> {
    const runId = ulid(Date.now(), randomBytes(10));
    const events: RecordEvent[] = [];
    const controls = defaultControls('untrusted', { memoryBytes: 2_000_000_000, cpus: 1 });
    const allow = parseAllowlist([entries].flat(), {});
    if (!allow.ok) throw new Error(allow.error.why);
    const { profile, environment } = options;
    const opened = await openCell({
      runId,
      jobId: 'job',
      controls: {
        ...controls,
        egress: { ...controls.egress, allowRanges: ['127.0.0.0/8'] },
        isolation: { ...controls.isolation, ...(profile !== undefined && { profile }) },
        unenforcedLimitsAccepted: ['memoryBytes', 'cpus', 'pids'],
      },
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [{ path: FETCH, content: FETCH_CODE }],
      temporary: [],
      hostname: 'sandbox',
      ...(environment !== undefined && { clientEnvironment: environment }),
      allow: allow.value,
      resolver: { kind: 'static', addresses: { 'api.test': ['127.0.0.1'] } },
      scratch: sandboxFolder(runId, 'job'),
      journal: { write: async (event) => void events.push(event) },
    });
    if (!opened.ok) throw new Error(opened.error.why);
    opened.value.setStep('step');
    return new Job(opened.value, events);
  }

  /** Runs a command to its end and gives what it wrote. */
  async run(
    argv: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const running = this.#cell.sandbox.start({
      stepId: 'step',
      argv,
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment },
      workingDirectory: '/work',
    });
    running.stdin.end();
    let out = '';
    for (const stream of [running.stdout, running.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8');
      });
    await running.exited;
    await this.#cell.sandbox.killLeftovers();
    return out;
  }

  async close(): Promise<void> {
    await this.#cell.close();
  }
}
