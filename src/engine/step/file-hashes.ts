import { createHash } from 'node:crypto';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { readFilePatterns, type EvaluationMeans, type EvaluationWork } from '../../workflow/index.ts';
import { runStepProcess } from './step-process.ts';

/** GitHub's bound on one `hashFiles`. */
const TIMEOUT_MS = 120_000;
const MAX_LISTED_BYTES = 64 * 1024 * 1024;
const MAX_CALLS = 100;

export interface HashGround {
  readonly sandbox: Sandbox;
  readonly workspace: string;
  readonly stepId: string;
  readonly signal: AbortSignal;
  readonly kill: AbortSignal;
  readonly work: EvaluationWork;
}

/**
 * Evaluates something that may call `hashFiles`. Evaluation is pure and at once, hashing is neither: what a call needs is
 * worked out after it asked, and the evaluation is done again. Fails as the evaluation does, or as the hashing.
 */
export async function evaluateWithHashes<T>(
  attempt: (means: EvaluationMeans) => Result<T, Refusal>,
  ground: HashGround,
): Promise<Result<T, Refusal>> {
  const known = new Map<string, string>();
  for (let calls = 0; ; calls += 1) {
    let asked: readonly string[] | undefined;
    const result = attempt({
      work: ground.work,
      hashFiles: (patterns) => {
        const hash = known.get(patterns.join('\n'));
        if (hash === undefined) asked ??= patterns;
        return hash ?? '';
      },
    });
    if (asked === undefined) return result;
    if (calls >= MAX_CALLS) return refuse('hashFiles is called too often');
    const hash = await hashFiles(asked, ground);
    if (!hash.ok) return hash;
    known.set(asked.join('\n'), hash.value);
  }
}

/**
 * SHA-256 over the SHA-256 of each file that matches, as GitHub forms it; empty when none does. Files are found and read
 * by processes inside the sandbox, with the job's rights, behind its walls and within its limits: the control side opens
 * nothing that the job made. Links are not followed, and a file with a line break in its name is not found.
 */
async function hashFiles(patterns: readonly string[], ground: HashGround): Promise<Result<string, Refusal>> {
  const choice = readFilePatterns(patterns, ground.workspace);
  if (!choice.ok) return choice;
  const listed = await lines(
    ['/usr/bin/find', ground.workspace, '-type', 'f', '-not', '-path', '*\n*', '-printf', '%P\\n'],
    ground,
  );
  if (!listed.ok) return listed;
  const chosen = choice.value.choose(listed.value);
  if (!chosen.ok) return chosen;
  const files = chosen.value;
  if (files.length === 0) return ok('');
  const names = Buffer.from(files.map((file) => `./${file}\0`).join(''));
  const sums = await lines(['/usr/bin/xargs', '-0', '/usr/bin/sha256sum', '-b', '--'], ground, names);
  if (!sums.ok) return sums;
  const total = createHash('sha256');
  for (const line of sums.value) {
    // A name with a backslash in it makes sha256sum begin its line with one.
    const digest = /^\\?([0-9a-f]{64}) /.exec(line)?.[1];
    if (digest === undefined) return refuse('a file could not be hashed');
    total.update(Buffer.from(digest, 'hex'));
  }
  return sums.value.length === files.length ? ok(total.digest('hex')) : refuse('a file could not be hashed');
}

async function lines(
  argv: readonly [string, ...string[]],
  ground: HashGround,
  stdin?: Uint8Array,
): Promise<Result<readonly string[], Refusal>> {
  const found: Buffer[] = [];
  let bytes = 0;
  let cut = false;
  const end = await runStepProcess(
    ground.sandbox,
    {
      // What a program says of files that it may not read is not among its answers.
      argv: ['/bin/sh', '-c', 'cd -- "$0" && exec "$@" 2>/dev/null', ground.workspace, ...argv],
      workingDirectory: '/',
      environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...(stdin !== undefined && { stdin }),
    },
    {
      stepId: ground.stepId,
      signal: ground.signal,
      kill: ground.kill,
      timeoutMs: TIMEOUT_MS,
      line: (line, partial) => {
        bytes += line.length + 1;
        cut ||= partial || bytes > MAX_LISTED_BYTES;
        if (!cut) found.push(Buffer.from(line));
        return !cut;
      },
    },
  );
  if (cut) return refuse('the workspace holds too many files to hash');
  if (end.kind !== 'exit') return refuse('hashFiles did not end in time');
  return ok(found.map((line) => line.toString('utf8')));
}

function refuse(why: string): Result<never, Refusal> {
  return err(refusal('limit', 'step/hash-files', why, 'name fewer files in hashFiles'));
}
