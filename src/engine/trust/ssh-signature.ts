import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { err, ok, type Result } from '../../base/index.ts';

const MAX_OUTPUT = 65_536;
const TIMEOUT_MS = 10_000;

/**
 * Who signed a text, of those whom an allowed-signers file (ssh-keygen(1)) allows, or why nobody did. `namespace` keeps a
 * signature that was made for one purpose from serving another. `what` names the thing in the reason.
 */
export async function sshSigner(
  text: Buffer,
  signature: Buffer,
  allowedSigners: Buffer,
  namespace: string,
  what: string,
): Promise<Result<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'cofferdam-signed-'));
  try {
    const signers = join(folder, 'signers');
    const file = join(folder, 'signature');
    await writeFile(signers, allowedSigners, { mode: 0o600 });
    await writeFile(file, signature, { mode: 0o600 });
    const found = await sshKeygen(['-Y', 'find-principals', '-s', file, '-f', signers], text);
    if (found === undefined) return err('ssh-keygen could not be run to check the signature');
    const principal = found.code === 0 ? found.output.split('\n')[0]?.trim() : undefined;
    if (principal === undefined || principal === '')
      return err(`the ${what} is signed by a key that is not allowed`);
    const checked = await sshKeygen(
      ['-Y', 'verify', '-n', namespace, '-f', signers, '-I', principal, '-s', file],
      text,
    );
    return checked?.code === 0
      ? ok(principal)
      : err(`the signature that names the key of ${principal} does not hold for this ${what}`);
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
