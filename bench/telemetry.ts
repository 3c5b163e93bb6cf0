import { JobSandbox } from '../src/sandbox/oci/job-sandbox.fixture.ts';
import { RUNTIMES_HERE } from '../src/sandbox/oci/runtimes.fixture.ts';
import type { OpenThings } from './open-things.ts';

/** Each is timed by itself, inside: what a sandbox costs to open is measured elsewhere. */
const BUILDS: readonly (readonly [string, string])[] = [
  [
    '300 programs started, one after another',
    "for i in range(300): os.waitpid(os.posix_spawn('/usr/bin/true', ['true'], {}), 0)",
  ],
  [
    '5,000 files written',
    "for i in range(5000):\n    with open('f%d' % (i % 500), 'w') as file: file.write('x' * 100)",
  ],
  ['20,000 files opened to be read', "for i in range(20000): os.close(os.open('/usr/bin/true', 0))"],
  [
    '500 connections within the sandbox',
    "server = socket.create_server(('127.0.0.1', 0), backlog=500)\nfor i in range(500): socket.create_connection(server.getsockname()).close(); server.accept()[0].close()",
  ],
];
const ROUNDS = 9;

const timed = (work: string): string =>
  `import os, socket, time\nbegan = time.monotonic()\n${work}\nprint(time.monotonic() - began)`;

/** The best of the rounds: a machine that does other things makes a round slower and never faster. */
async function best(jobs: readonly JobSandbox[], script: string): Promise<readonly number[]> {
  const least = jobs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, job] of jobs.entries()) {
      const { stdout, stderr } = await job.python(timed(script));
      const seconds = Number(stdout);
      if (stderr !== '' || !(seconds > 0)) throw new Error(stderr);
      least[at] = Math.min(least[at] ?? seconds, seconds);
    }
  }
  return least;
}

/** What telemetry costs a build, for each runtime: the same sandbox with it and without it, by turns. */
export async function telemetryCost(
  row: (name: string, value: number | undefined, base: number | undefined, unit?: string) => void,
  things: OpenThings,
): Promise<void> {
  const open = (options: Parameters<typeof JobSandbox.open>[1]) =>
    things.hold(
      () => JobSandbox.open({}, options),
      (job) => job.close(),
    );
  for (const { name, runtime } of RUNTIMES_HERE) {
    process.stdout.write(`telemetry, ${name} (ratio: against the same sandbox without it)\n`);
    const without = await open({ runtime, telemetry: false });
    const watched = await open({ runtime });
    try {
      for (const [what, script] of BUILDS) {
        const [base = 0, seen = 0] = await best([without.it, watched.it], script);
        row(what, seen * 1_000, base * 1_000);
      }
    } finally {
      await without.close();
      await watched.close();
    }
  }
}
