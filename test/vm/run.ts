import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Boot, BOOTS } from './boots.ts';
import { bootMachine } from './machine.ts';
import { judge, RESULT_NAMES, type Results, type Verdict } from './report.ts';

const TOP = join(import.meta.dirname, '../..');
const WITHIN_MS = 90 * 60_000;
/** Of what a machine's suites said, when it failed. */
const SAID_LINES = 120;

function fileOf(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

async function tried(boot: Boot, cache: string, kept: string | undefined): Promise<Verdict> {
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
    const task = { node: process.execPath, suites: boot.suites.join(' '), replay: boot.replay.join(' ') };
    writeFileSync(
      join(results, 'task'),
      Object.entries(task)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    );
    const from = Date.now();
    const ended = await bootMachine(
      boot,
      { folder, results, top: TOP, kernel, busybox: join(cache, 'busybox') },
      WITHIN_MS,
      (text) => {
        if (text.includes('vm: '))
          process.stdout.write(`  ${((Date.now() - from) / 1_000).toFixed(0)} s  ${text.trim()}\n`);
      },
    );
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
    return ended === 'off' ? verdict : { ...verdict, wrong: [...verdict.wrong, 'its time was up'] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `asked` are names of boots; without any, all. */
async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.find((name) => !BOOTS.some((boot) => boot.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`no machine ${unknown}; there are ${BOOTS.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  const cache = process.env['COFFERDAM_CACHE'] ?? '';
  const total = { passed: 0, failed: 0 };
  for (const boot of BOOTS.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    process.stdout.write(`${boot.name}: ${boot.is}\n`);
    const verdict = await tried(narrowed(boot), cache, process.env['VM_RESULTS']);
    for (const why of verdict.wrong) process.stdout.write(`  wrong: ${why}\n`);
    process.stdout.write(`  ${verdict.passed} passed, ${verdict.failed} failed\n`);
    total.passed += verdict.passed;
    total.failed += Math.max(verdict.failed, verdict.wrong.length > 0 ? 1 : 0);
  }
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  return total.passed > 0 && total.failed === 0 ? 0 : 1;
}

/** While working at one thing: VM_SUITES and VM_REPLAY take the place of the boot's own. */
function narrowed(boot: Boot): Boot {
  const words = (name: string): readonly string[] | undefined =>
    process.env[name]?.split(' ').filter(Boolean);
  return { ...boot, suites: words('VM_SUITES') ?? boot.suites, replay: words('VM_REPLAY') ?? boot.replay };
}

process.exitCode = await main(process.argv.slice(2));
