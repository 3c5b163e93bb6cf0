import { row } from '../known/row.ts';
import type { ShellCommand, ShellWord } from '../shell/script.ts';

const SHELLS = new Set(['bash', 'sh', 'zsh', 'dash', 'su', 'xargs', 'env', 'sudo', 'timeout']);
const CODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  python: ['-c'],
  python3: ['-c'],
  node: ['-e', '--eval', '-p'],
  perl: ['-e'],
  ruby: ['-e'],
  php: ['-r'],
};

/** Those that read code from their input when they are given no file. */
const INTERPRETERS = new Set([
  'bash',
  'sh',
  'zsh',
  'dash',
  'python',
  'python3',
  'node',
  'ruby',
  'perl',
  'pwsh',
  'cmd',
]);
/** A script of JavaScript without any of these runs no text. */
export const MAY_RUN = /eval|Function|exec|spawn|fork|vm\b|setTimeout|setInterval/;
const NONE: readonly never[] = [];

/** Programs that start a shell elsewhere: `docker exec x sh -c "…"`. */
const CARRIERS = new Set([
  'docker',
  'podman',
  'kubectl',
  'oc',
  'nsenter',
  'chroot',
  'lxc',
  'wsl',
  'parallel',
  'flock',
  'xvfb-run',
]);
const SHELL = /^(?:.*\/)?(?:ba|z|da|a)?sh$/;

/** The words of a command that it reads as code. */
export function codeOf(command: ShellCommand): readonly ShellWord[] {
  const { name, words, code = NONE } = command;
  if (name === 'eval') return words;
  if (name === 'ssh') return [...code, ...remote(words), ...command.fed];
  if (CARRIERS.has(name))
    return [
      ...code,
      ...words.filter((_, at) => words[at - 1]?.value === '-c' && SHELL.test(words[at - 2]?.value ?? '')),
    ];
  const flags = row(CODE_FLAGS, name) ?? (SHELLS.has(name) ? ['-c'] : NONE);
  if (flags.length === 0) return code;
  const given = words.filter((_, index) => flags.includes(words[index - 1]?.value ?? ''));
  return [...code, ...given, ...inputOf(command)];
}

/** Whether what a command reads as code runs in the job, and not on another machine or in a container. */
export function runsHere({ name }: ShellCommand): boolean {
  return name !== 'ssh' && !CARRIERS.has(name);
}

/** What an interpreter that is given no file reads as code from its input. */
function inputOf({ name, words, fed, pipedFrom }: ShellCommand): readonly ShellWord[] {
  if (!INTERPRETERS.has(name) || words.some(({ value }) => !/^-(?:|s|e|[eux]+|x)$/.test(value))) return NONE;
  // What a program prints of its own is another matter.
  const printed =
    pipedFrom !== undefined && /^(?:echo|printf|cat)$/.test(pipedFrom.name) ? pipedFrom : undefined;
  return [...fed, ...(printed === undefined ? [] : [...printed.words, ...printed.fed])];
}

/** What ssh hands to the shell of the other machine: all that stands behind the host. */
function remote(words: readonly ShellWord[]): readonly ShellWord[] {
  for (let at = 0; at < words.length; at += 1) {
    const value = words[at]?.value ?? '';
    if (/^-[bcDEeFIiJLlmOopQRSWw]$/.test(value)) at += 1;
    else if (!value.startsWith('-')) return words.slice(at + 1);
  }
  return NONE;
}
