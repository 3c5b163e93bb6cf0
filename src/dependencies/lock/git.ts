import { spawn } from 'node:child_process';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

const TIMEOUT_MS = 300_000;
const MAX_OUTPUT = 64 * 2 ** 20;

/**
 * Git that obeys nothing but what it is told: no configuration of the machine, the user or a program of the repository\u2019s, no hook, no
 * prompt, no credential helper, no protocol but those that are named, no missing object that is fetched unasked.
 * (CVE-2022-24765 and its kin: what is read may be a stranger\u2019s.) Nothing is ever checked out, so no filter and no link is obeyed.
 */
const NEUTRAL = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.alternateRefsCommand', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['credential.helper', ''],
  ['http.followRedirects', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
  ['fetch.fsckObjects', 'true'],
  ['transfer.fsckObjects', 'true'],
  ['fetch.unpackLimit', '1'],
  ['protocol.allow', 'never'],
  ['protocol.version', '2'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['uploadpack.allowFilter', 'true'],
  ['safe.directory', '*'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['init.defaultBranch', 'main'],
] as const;

const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_PAGER: 'cat',
  // Wins over whatever the repository allows. No protocol has this name.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_CONFIG_COUNT: String(NEUTRAL.length),
  ...Object.fromEntries(
    NEUTRAL.flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${i}`, key],
      [`GIT_CONFIG_VALUE_${i}`, value],
    ]),
  ),
};

export interface GitAsked {
  readonly directory: string;
  readonly args: readonly string[];
  /** What it may speak; none when it is left out. */
  readonly protocol?: 'file' | 'https';
  readonly input?: string;
  /** Is given the answer piece by piece, and ends git with false. */
  readonly take?: (chunk: Buffer) => boolean;
  /** Ends git when it gives false; asked four times a second. */
  readonly fits?: () => boolean;
  /** The proxy and the authorities of the operator, for https. */
  readonly outside?: Readonly<Record<string, string>>;
}

/** Runs git and gives its answer, at most 64 MiB unless it is taken piece by piece. Fails with what git said, when it takes five minutes, and when it was ended. */
export function git(asked: GitAsked): Promise<Result<Buffer, Refusal>> {
  const { directory, args, protocol, input, take, fits, outside } = asked;
  return new Promise((resolve) => {
    const child = spawn('git', ['-C', directory, ...args], {
      env: { ...ENVIRONMENT, ...outside, ...(protocol !== undefined && { GIT_ALLOW_PROTOCOL: protocol }) },
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its helpers (git-remote-https, index-pack) are ended with it.
      detached: true,
    });
    let why: string | undefined;
    const end = (because: string): void => {
      why ??= because;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const late = setTimeout(() => end('it took five minutes'), TIMEOUT_MS);
    const watch = setInterval(() => {
      if (fits?.() === false) end('what it fetches is larger than may be');
    }, 250);
    const out: Buffer[] = [];
    let size = 0;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (take === undefined ? size > MAX_OUTPUT : !take(chunk)) end('its answer is larger than may be');
      else if (take === undefined) out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 4_096) said += chunk.toString('utf8');
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    const settle = (result: Result<Buffer, Refusal>): void => {
      clearTimeout(late);
      clearInterval(watch);
      resolve(result);
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(
        err(
          error.code === 'ENOENT'
            ? refusal(
                'machine',
                'lock/no-git',
                'git is not on this machine',
                'apt-get install -y --no-install-recommends git',
              )
            : failed(args, error.message),
        ),
      ),
    );
    child.on('close', (code) => {
      if (why === undefined && code === 0) settle(ok(Buffer.concat(out)));
      else
        settle(
          err(
            failed(
              args,
              why ?? said.trim().split('\n').at(-1)?.slice(0, 500) ?? `it ended with status ${code}`,
            ),
          ),
        );
    });
  });
}

function failed(args: readonly string[], why: string): Refusal {
  return refusal(
    'machine',
    'lock/git',
    `git ${args[0] ?? ''}: ${why}`,
    'see that the repository can be reached and is whole, or name a mirror of it: --mirror',
  );
}
