import { jsonLine } from './render/json-line.ts';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Command, CommandContext } from './command.ts';
import { disarmLog } from './render/step-log.ts';
import { VERSION } from './version.ts';

const SUMMARY: readonly (readonly [string, string])[] = [
  ['run', 'run a workflow, each job in the sandbox of its zone'],
  ['exec', 'run any command in a sandbox'],
  ['workspace', 'show and apply what a command changed'],
  ['check', 'find what is wrong in workflows, and by which way a stranger reaches it'],
  ['lock', 'pin what workflows use from elsewhere, by commit and content'],
  ['advisories', 'show and update what is known of flaws in actions'],
  ['assess', 'where a repository stands, and what to do first'],
  ['plan', 'show per job what a run would grant and refuse, without running'],
  ['policy', 'prove what a change of policy opens and closes'],
  ['audit', 'verify and show the record of a run'],
  ['replay', 'replay known attacks, and show that they are contained'],
  ['doctor', 'what this machine can enforce, tried out'],
];

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  run: () => import('./commands/run.ts'),
  exec: () => import('./commands/exec.ts'),
  workspace: () => import('./commands/workspace.ts'),
  check: () => import('./commands/check.ts'),
  lock: () => import('./commands/lock.ts'),
  advisories: () => import('./commands/advisories.ts'),
  assess: () => import('./commands/assess.ts'),
  plan: () => import('./commands/plan.ts'),
  policy: () => import('./commands/policy.ts'),
  doctor: () => import('./commands/doctor.ts'),
  replay: () => import('./commands/replay.ts'),
  audit: () => import('./commands/audit.ts'),
};

const HELP = `cofferdam: run code that nobody vouches for.

usage: cofferdam COMMAND [options]

${SUMMARY.map(([name, what]) => `  ${name.padEnd(12)}${what}`).join('\n')}

  cofferdam COMMAND --help    options and an example
  cofferdam --version

example: cofferdam exec --allow @npm -- npm ci
`;

function processContext(args: readonly string[]): CommandContext {
  return {
    args,
    environment: process.env,
    directory: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    onSignal: (then) => {
      const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
      for (const name of names) process.on(name, then);
      return () => {
        for (const name of names) process.off(name, then);
      };
    },
  };
}

/** What to do about a word that is no command: a workflow, or one mistyped. */
async function instead(name: string): Promise<string> {
  if (/\.ya?ml$/.test(name)) return `cofferdam run ${JSON.stringify(name)}`;
  const { nearest } = await import('./nearest.ts');
  const other = nearest(name, Object.keys(COMMANDS));
  return `${other === undefined ? '' : `did you mean cofferdam ${other}? Else `}see cofferdam --help`;
}

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  // `cofferdam help run` is `cofferdam run --help`.
  const [name, ...args] = given[0] === 'help' && given[1] !== undefined ? [given[1], '--help'] : given;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`cofferdam ${VERSION}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(
      `cofferdam: ${JSON.stringify(name)} is not a command\n  fix: ${await instead(name)}\n`,
    );
    return 2;
  }
  const { command } = await load();
  const options = args.slice(0, args.indexOf('--') === -1 ? args.length : args.indexOf('--'));
  if (options.includes('--help') || options.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  return command.run(processContext(args));
}

const cache =
  process.env['XDG_CACHE_HOME'] ??
  (process.env['HOME'] === undefined ? undefined : join(process.env['HOME'], '.cache'));
if (cache !== undefined) enableCompileCache(join(cache, 'cofferdam', 'compiled'));
// A reader that has gone (`| head`) is no defect.
for (const stream of [process.stdout, process.stderr]) {
  if (process.env['GITHUB_ACTIONS'] === 'true') disarmLog(stream);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
try {
  process.exitCode = await main();
} catch (error) {
  const detail =
    process.env['COFFERDAM_DEBUG'] === undefined ? '' : `\n${error instanceof Error ? error.stack : ''}`;
  process.stderr.write(
    `cofferdam: a defect of ours: ${jsonLine(error instanceof Error ? error.message : String(error)).trimEnd()}${detail}\n  fix: please report it with the command that you typed; COFFERDAM_DEBUG=1 shows where\n`,
  );
  process.exitCode = 70;
}
