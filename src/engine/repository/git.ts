import { spawn } from 'node:child_process';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';

const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 120_000;
/** The rule of the refusal when there is no git at all. */
export const NO_GIT = 'repository/no-git';
const INSTALL_GIT = 'apt-get install -y --no-install-recommends git, or your package manager’s like';

/**
 * Configuration that a repository may carry and that would run a program or reach further than asked
 * (CVE-2022-24765 and its kin: the repository may come from a stranger's archive).
 */
const NEUTRAL = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.alternateRefsCommand', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.symlinks', 'true'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['protocol.allow', 'never'],
  ['protocol.file.allow', 'always'],
  ['protocol.version', '2'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['safe.directory', '*'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
] as const;

/** Git without the user's configuration, without hooks, prompts, pagers, network or programs that a repository names. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  // Git before 2.45 does not know that variable, and fetches a missing object of a partial clone by whatever the repository
  // names. Its own `protocol.ext.allow` wins over `protocol.allow`; this wins over both. No protocol has this name.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_PAGER: 'cat',
  GIT_ASKPASS: '/bin/false',
  GIT_CONFIG_COUNT: String(NEUTRAL.length),
  ...Object.fromEntries(
    NEUTRAL.flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${i}`, key],
      [`GIT_CONFIG_VALUE_${i}`, value],
    ]),
  ),
};

/**
 * Runs git in `directory` and gives its standard output, at most 64 MiB. `environment` is added to the neutral one.
 * Fails with what git said (its words may quote a hostile name) when its status is not 0 or it takes two minutes.
 */
export async function git(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Result<Buffer, Refusal>> {
  const out: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): boolean => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) return false;
    out.push(chunk);
    return true;
  };
  const done = await gitInto(directory, args, take, environment);
  if (!done.ok) return done;
  return done.value === 'whole'
    ? ok(Buffer.concat(out))
    : err(failed(directory, args, 'its answer is larger than 64 MiB'));
}

/** As `git`, for an answer of any length: `take` is given it piece by piece, and ends git when it gives false. */
export function gitInto(
  directory: string,
  args: readonly string[],
  take: (chunk: Buffer) => boolean,
  environment: Readonly<Record<string, string>> = {},
): Promise<Result<'whole' | 'cut', Refusal>> {
  return new Promise((resolve) => {
    const child = spawn('git', args, {
      cwd: directory,
      env: { ...GIT_ENVIRONMENT, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let cut = false;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (cut || take(chunk)) return;
      cut = true;
      child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 4_096) said += chunk.toString('utf8');
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') resolve(err(failed(directory, args, error.message)));
      else resolve(err(refusal('machine', NO_GIT, 'git is not on this machine', INSTALL_GIT)));
    });
    child.on('close', (code) => {
      if (cut) resolve(ok('cut'));
      else if (code === 0) resolve(ok('whole'));
      else
        resolve(
          err(failed(directory, args, said.trim().split('\n').at(-1) ?? `it ended with status ${code}`)),
        );
    });
  });
}

function failed(directory: string, args: readonly string[], why: string): Refusal {
  return refusal(
    'machine',
    'repository/git',
    `git ${args[0] ?? ''} in ${directory}: ${why}`,
    'see that the folder is a whole git repository, and that git works in it',
  );
}
