import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git } from '../repository/git.ts';

/** Whether a tag is signed by somebody the operator named, and the words that say so or why not. */
export interface TagSignature {
  readonly valid: boolean;
  readonly why: string;
}

const BEGIN = '\n-----BEGIN SSH SIGNATURE-----\n';
const MAX_TAG_BYTES = 1_048_576;
const MAX_OUTPUT = 65_536;
const TIMEOUT_MS = 10_000;

/** The parts of an annotated tag object that are signed (gitformat-signature(5)). */
interface TagObject {
  readonly target: string;
  readonly name: string;
  readonly payload: Buffer;
  readonly signature?: Buffer;
}

/**
 * Reads a tag object strictly: its headers in their one order, each once. Undefined when it is anything else.
 */
export function parseTag(bytes: Buffer): TagObject | undefined {
  if (bytes.length > MAX_TAG_BYTES) return undefined;
  const text = bytes.toString('latin1');
  const header =
    /^object ([0-9a-f]{40}|[0-9a-f]{64})\ntype commit\ntag ([^\0\n]{1,250})\ntagger [^\0\n]{1,1000}\n\n/.exec(
      text,
    );
  if (header?.[1] === undefined || header[2] === undefined) return undefined;
  const begin = text.indexOf(BEGIN, header[0].length - 1);
  const name = Buffer.from(header[2], 'latin1').toString('utf8');
  if (begin < 0) return { target: header[1], name, payload: bytes };
  const payload = bytes.subarray(0, begin + 1);
  return { target: header[1], name, payload, signature: bytes.subarray(begin + 1) };
}

/**
 * Verifies the SSH signature of the tag `refs/tags/NAME` against an allowed-signers file (ssh-keygen(1)). The tag object
 * must name itself NAME and point at `commit`: a valid signature moved to another name or commit proves nothing
 * (git's own check leaves the name to the caller). Keys are valid now or not at all: a tag may carry any date it likes.
 */
export async function verifyTag(
  directory: string,
  ref: string,
  commit: string,
  allowedSigners: Buffer,
): Promise<TagSignature> {
  const no = (why: string): TagSignature => ({ valid: false, why });
  const object = await git(directory, ['cat-file', 'tag', ref]);
  if (!object.ok) return no('the tag is not annotated, so that nobody signed it');
  const tag = parseTag(object.value);
  if (tag === undefined) return no('the tag object has an unexpected form');
  if (`refs/tags/${tag.name}` !== ref)
    return no(`the tag object was made for another tag, ${JSON.stringify(tag.name)}`);
  if (tag.target !== commit) return no('the tag object is for another commit');
  if (tag.signature === undefined) return no('the tag has no SSH signature');
  const folder = await mkdtemp(join(tmpdir(), 'cofferdam-tag-'));
  try {
    const signers = join(folder, 'signers');
    const signature = join(folder, 'signature');
    await writeFile(signers, allowedSigners, { mode: 0o600 });
    await writeFile(signature, tag.signature, { mode: 0o600 });
    const found = await sshKeygen(['-Y', 'find-principals', '-s', signature, '-f', signers], tag.payload);
    if (found === undefined) return no('ssh-keygen could not be run to check the signature');
    const principal = found.code === 0 ? found.output.split('\n')[0]?.trim() : undefined;
    if (principal === undefined || principal === '')
      return no('the tag is signed by a key that is not allowed');
    const checked = await sshKeygen(
      ['-Y', 'verify', '-n', 'git', '-f', signers, '-I', principal, '-s', signature],
      tag.payload,
    );
    return checked?.code === 0
      ? { valid: true, why: `signed by ${principal}` }
      : no(`the signature that names the key of ${principal} does not hold for this tag`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sshKeygen(
  args: readonly string[],
  input: Buffer,
): Promise<{ readonly code: number | null; readonly output: string } | undefined> {
  return new Promise((resolve) => {
    const child = spawn('ssh-keygen', args, {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: '/nonexistent' },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length < MAX_OUTPUT) output += chunk.toString('utf8');
    });
    child.stdin.on('error', () => undefined);
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}
