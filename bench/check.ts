import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenThings } from './open-things.ts';
import { writeCorpus } from './workflow-corpus.ts';

interface Cost {
  readonly user: number;
  readonly wall: number;
  /** Peak of what is resident, MB. */
  readonly memory: number;
}

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SIZES = [50, 200, 1_000] as const;

/** What a program costs from its start to its end; undefined when it is not here or could not judge. */
async function cost(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  things: OpenThings,
): Promise<Cost | undefined> {
  const script = 'TIMEFORMAT="%U %R"; time "$@" >/dev/null 2>&1';
  const held = await things.hold(
    () =>
      spawn('bash', ['-c', script, 'bash', ...argv], {
        env: environment,
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    (child) => child.kill('SIGTERM'),
  );
  const child = held.it;
  let memory = 0;
  // The kernel keeps the peak: what is read last is short of it only by the last milliseconds.
  const watch = setInterval(() => {
    try {
      const [of = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
      const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${of}/status`, 'utf8'))?.[1];
      memory = Math.max(memory, Number(peak ?? 0) / 1_000);
    } catch {
      // It has not begun, or has ended.
    }
  }, 3);
  let told = '';
  child.stderr.on('data', (part: Buffer) => {
    told += part.toString('utf8');
  });
  const status = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null)).once('close', resolve);
  });
  clearInterval(watch);
  await held.close();
  const [user, wall] = told.trim().split(' ').map(Number);
  // Findings are 1 for us and actionlint, 10 to 14 for zizmor.
  if (
    status === null ||
    user === undefined ||
    wall === undefined ||
    ![0, 1, 10, 11, 12, 13, 14].includes(status)
  )
    return undefined;
  return { user, wall, memory };
}

function least(all: readonly Cost[]): Cost {
  const of = (key: keyof Cost): number => Math.min(...all.map((one) => one[key]));
  return { user: of('user'), wall: of('wall'), memory: Math.max(...all.map(({ memory }) => memory)) };
}

function tell(name: string, { user, wall, memory }: Cost, files: number, base: Cost): void {
  const cells = [
    `${user.toFixed(2)} s`,
    `${wall.toFixed(2)} s`,
    `${(files / wall).toFixed(0)}/s`,
    `${memory.toFixed(0)} MB`,
    `${(user / base.user).toFixed(2)}x`,
    `${(wall / base.wall).toFixed(2)}x`,
  ];
  process.stdout.write(`  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(9)).join('')}\n`);
}

/**
 * `check` as a whole process over drawn workflows: with nothing kept, again, and after one file changed; its graph; against zizmor
 * and actionlint (BENCH_ZIZMOR, BENCH_ACTIONLINT, or PATH) where they are, else against Node.js starting. By turns, the least of
 * the rounds: other load makes a round slower and never faster.
 */
export async function checkTimes(
  folder: string,
  root: string,
  environment: NodeJS.ProcessEnv,
  things: OpenThings,
): Promise<void> {
  const cache = join(folder, 'check-cache');
  const env = { ...environment, XDG_CACHE_HOME: cache, CI: '' };
  const zizmor = process.env['BENCH_ZIZMOR'] ?? 'zizmor';
  const actionlint = process.env['BENCH_ACTIONLINT'] ?? 'actionlint';
  for (const files of SIZES) {
    const repository = join(folder, `check-${files}`);
    const bytes = writeCorpus(repository, files);
    const workflows = Array.from({ length: files }, (_, at) =>
      join(repository, `.github/workflows/build-${at}.yml`),
    );
    // As the launcher starts it (setup/ready.sh).
    const flags = (process.env['CD_CHECK_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
    const command = [process.execPath, ...flags, join(root, 'dist/cofferdam.mjs')];
    const ours = [...command, 'check', '-q', repository];
    const ways: readonly (readonly [string, readonly string[], (() => void)?])[] = [
      ['node -e 0', [process.execPath, '-e', '0']],
      ['zizmor --offline', [zizmor, '--offline', '-q', repository]],
      ['actionlint', [actionlint, '-shellcheck=', '-pyflakes=', ...workflows]],
      [
        'cofferdam check, nothing kept',
        ours,
        () => rmSync(join(cache, 'cofferdam/checked'), { recursive: true, force: true }),
      ],
      ['cofferdam check, again', ours],
      ['cofferdam check, after one change', ours, () => appendFileSync(workflows[0] ?? '', '# changed\n')],
      ['cofferdam check --graph, nothing kept', [...command, 'check', '--no-cache', '--graph', repository]],
    ];
    const costs = new Map<string, Cost[]>();
    for (let round = 0; round < ROUNDS + 1; round += 1)
      for (const [name, argv, before] of ways) {
        before?.();
        const one = await cost(argv, env, things);
        // The first lets compiled code and the disk's pages settle.
        if (one !== undefined && round > 0) costs.set(name, [...(costs.get(name) ?? []), one]);
      }
    const base = costs.has('zizmor --offline') ? 'zizmor --offline' : 'node -e 0';
    process.stdout.write(
      `check: ${files} workflows, ${(bytes / 1_000).toFixed(0)} kB: user, wall, files, peak of memory, user and wall against ${base}\n`,
    );
    const against = least(costs.get(base) ?? []);
    for (const [name] of ways) {
      const all = costs.get(name);
      if (all === undefined) process.stdout.write(`  ${name.padEnd(44)} not on this machine\n`);
      else tell(name, least(all), files, against);
    }
  }
}
