import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Boot, BOOTS, oneOfEach, shareOf } from './boots.ts';
import { bootMachine } from './machine.ts';
import { judge, RESULT_NAMES, type NamedBoot, type Results, type Verdict } from './report.ts';

const TOP = join(import.meta.dirname, '../..');
/**
 * For each machine, after which it is thought to hang. They take some minutes each where nothing else runs, and many times as
 * long where an emulated processor gets a fifth of one.
 */
const WITHIN_MS = 90 * 60_000;
const LOOK_EVERY_MS = 2_000;
/** Of what a machine's suites said, when it failed. */
const SAID_LINES = 120;

function fileOf(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** Tells each suite when it ended, from what the machine wrote so far. */
function tellSuites(results: string, tell: (text: string) => void): NodeJS.Timeout {
  let told = 0;
  return setInterval(() => {
    const suites = (fileOf(results, 'tests.said') ?? '')
      .split('\n')
      .filter((line) => /^ \S \S+\.test\.ts /u.test(line));
    for (const line of suites.slice(told)) tell(line.trim());
    told = suites.length;
  }, LOOK_EVERY_MS);
}

async function tried(boot: NamedBoot, cache: string, kept: string | undefined): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'vm-'));
  try {
    const results = kept === undefined ? join(folder, 'results') : join(kept, boot.name);
    rmSync(results, { recursive: true, force: true });
    mkdirSync(results, { recursive: true });
    const kernel = execFileSync(
      'sh',
      [join(TOP, 'setup/guest-kernel.sh'), ...(boot.kernel === undefined ? [] : [boot.kernel])],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    ).trim();
    if (boot.selinux === true)
      execFileSync('sh', [join(TOP, 'setup/selinux-policy.sh'), results], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    const task = {
      node: process.execPath,
      guest_kernel: join(cache, 'microvm/kernel'),
      doctor: boot.holds.join(' '),
      suites: boot.suites.join(' '),
      runtimes: boot.runtimes.join(' '),
      replay: boot.replay.join(' '),
    };
    writeFileSync(
      join(results, 'task'),
      Object.entries(task)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    );
    const from = Date.now();
    const tell = (text: string): void =>
      void process.stdout.write(`  ${((Date.now() - from) / 1_000).toFixed(0)} s  ${text}\n`);
    const looking = tellSuites(results, tell);
    const ended = await bootMachine(
      boot,
      { folder, results, top: TOP, kernel, busybox: join(cache, 'busybox') },
      WITHIN_MS,
      (text) => {
        const at = text.indexOf('vm: ');
        if (at >= 0) tell(text.slice(at + 4).trim());
      },
    );
    clearInterval(looking);
    const read: Results = Object.fromEntries(
      RESULT_NAMES.flatMap((name) => {
        const text = fileOf(results, name);
        return text === undefined ? [] : [[name, text]];
      }),
    );
    const verdict = judge(boot, read);
    if (verdict.wrong.length > 0)
      for (const name of ['console', 'doctor', 'doctor.said', 'tests.said', 'replay.said'])
        process.stdout.write(
          `--- ${name}\n${(fileOf(results, name) ?? '').split('\n').slice(-SAID_LINES).join('\n')}\n`,
        );
    if (ended === 'off') return verdict;
    const wrong = [...verdict.wrong, 'its time was up'];
    return { ...verdict, failed: Math.max(verdict.failed, 1), wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `asked` are names of boots, or what several begin with before a hyphen; without any, all. */
async function main(asked: readonly string[]): Promise<number> {
  const meant = (boot: Boot, by: string): boolean => boot.name === by || boot.name.startsWith(`${by}-`);
  const unknown = asked.find((name) => !BOOTS.some((boot) => meant(boot, name)));
  if (unknown !== undefined) {
    process.stderr.write(`no machine ${unknown}; there are ${BOOTS.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  const cache = process.env['COFFERDAM_CACHE'] ?? '';
  const total = { passed: 0, failed: 0 };
  const rows: string[] = [];
  const chosen = BOOTS.filter((boot) => asked.length === 0 || asked.some((name) => meant(boot, name)));
  for (const boot of chosen) {
    process.stdout.write(`${boot.name}: ${boot.is}\n`);
    const from = Date.now();
    const verdict = await tried(narrowed(boot), cache, process.env['VM_RESULTS']);
    for (const why of verdict.wrong) process.stdout.write(`  wrong: ${why}\n`);
    const minutes = ((Date.now() - from) / 60_000).toFixed(1);
    rows.push(`${boot.name}: ${verdict.passed} passed, ${verdict.failed} failed, ${minutes} min`);
    process.stdout.write(`  ${verdict.passed} passed, ${verdict.failed} failed, ${minutes} min\n`);
    total.passed += verdict.passed;
    total.failed += verdict.failed;
  }
  process.stdout.write(`\n${rows.join('\n')}\n${total.passed} passed, ${total.failed} failed\n`);
  return total.passed > 0 && total.failed === 0 ? 0 : 1;
}

/** While working at one thing: VM_SUITES and VM_REPLAY take the place of the boot's own. */
function narrowed(boot: Boot): NamedBoot {
  const words = (name: string): readonly string[] | undefined =>
    process.env[name]?.split(' ').filter(Boolean);
  const replay = words('VM_REPLAY') ?? boot.replay;
  return {
    ...boot,
    suites: words('VM_SUITES') ?? boot.suites,
    replay: 'nth' in replay ? shareOf(oneOfEach(listed()), replay) : replay,
  };
}

function listed(): readonly unknown[] {
  const words = [join(TOP, 'dist/cofferdam.mjs'), 'replay', '--list', '--json'];
  const said = execFileSync(process.execPath, words, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return said
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
}

process.exitCode = await main(process.argv.slice(2));
