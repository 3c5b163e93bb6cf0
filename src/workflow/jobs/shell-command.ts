import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

/** How a `run` step's script is started. */
export interface ShellCommand {
  readonly command: string;
  /** `{0}` stands for the script's path. */
  readonly args: readonly string[];
  readonly extension: string;
  /** The script's file, from the step's text. */
  readonly script: (text: string) => string;
}

const same = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** GitHub's invocation lines for the shells it knows (workflow syntax, `jobs.<job_id>.steps[*].shell`). */
const KNOWN: Readonly<Record<string, ShellCommand>> = {
  bash: {
    command: 'bash',
    args: ['--noprofile', '--norc', '-e', '-o', 'pipefail', '{0}'],
    extension: '.sh',
    script: same,
  },
  sh: { command: 'sh', args: ['-e', '{0}'], extension: '.sh', script: same },
  python: { command: 'python', args: ['{0}'], extension: '.py', script: same },
  node: { command: 'node', args: ['{0}'], extension: '.mjs', script: same },
  pwsh: {
    command: 'pwsh',
    args: ['-command', ". '{0}'"],
    extension: '.ps1',
    script: (text) =>
      `$ErrorActionPreference = 'stop'\n${same(text)}if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }\n`,
  },
};

/** GitHub's shells that no Linux machine has. */
export const WINDOWS_SHELLS: ReadonlySet<string> = new Set(['cmd', 'powershell']);

/**
 * The invocation of a step's shell. Without one: `bash -e`, or `sh -e` where there is no bash. A custom shell is a
 * template of words around `{0}`.
 */
export function shellCommand(
  shell: string | undefined,
  platform: { readonly hasBash: boolean },
): Result<ShellCommand, Refusal> {
  if (shell === undefined || shell === '') {
    return ok({
      command: platform.hasBash ? 'bash' : 'sh',
      args: ['-e', '{0}'],
      extension: '.sh',
      script: same,
    });
  }
  const known = Object.hasOwn(KNOWN, shell) ? KNOWN[shell] : undefined;
  if (known !== undefined) return ok(known);
  if (WINDOWS_SHELLS.has(shell)) {
    return err(
      refusal(
        'usage',
        'workflow/shell',
        `${shell} is a shell of Windows`,
        'use bash, sh, python, node or pwsh, or give the step an if that keeps it to Windows',
      ),
    );
  }
  const words = shell.trim().split(/\s+/);
  const [command, ...args] = words;
  if (command === undefined || !args.some((word) => word.includes('{0}')) || shell.length > 1_000) {
    return err(
      refusal(
        'usage',
        'workflow/shell',
        `${JSON.stringify(shell.slice(0, 100))} is not a shell`,
        'use bash, sh, python, node, or a command line with {0} for the script',
      ),
    );
  }
  return ok({ command, args, extension: '', script: same });
}
