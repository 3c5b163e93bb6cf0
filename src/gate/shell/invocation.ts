import type { ShellCommand, ShellWord } from './script.ts';

/** A program as it is started, without what only starts it. */
export interface Invocation {
  /** Its name without folders: `pip` for `/usr/bin/pip3.12` and for `python -m pip`. */
  readonly program: string;
  readonly args: readonly ShellWord[];
}

/** Programs that start another, with their options that take a value. */
const STARTERS: Readonly<Record<string, readonly string[]>> = {
  sudo: ['-u', '-g', '-h', '-p', '-C', '--user', '--group'],
  doas: ['-u'],
  env: ['-u', '-C', '--unset'],
  exec: [],
  command: [],
  builtin: [],
  nohup: [],
  time: [],
  nice: ['-n'],
  ionice: ['-c', '-n'],
  stdbuf: ['-o', '-i', '-e'],
  'xvfb-run': ['-s', '-n', '--server-args'],
  timeout: ['-k', '-s'],
  retry: ['-t', '-d'],
  corepack: [],
};
const MAX_STARTERS = 8;

/** What a command starts; undefined where an expression or a variable names it. */
export function invocationOf({ name, words }: ShellCommand): Invocation | undefined {
  let program = base(name);
  let args = [...words];
  for (let n = 0; n < MAX_STARTERS; n += 1) {
    const valued = Object.hasOwn(STARTERS, program) ? STARTERS[program] : undefined;
    if (valued === undefined) break;
    let at = 0;
    for (; at < args.length; at += 1) {
      const { value } = args[at] ?? { value: '' };
      if (valued.includes(value)) at += 1;
      else if (
        !value.startsWith('-') &&
        !/^[A-Za-z_]\w*=/.test(value) &&
        !(program === 'timeout' && /^[\d.]+[smhd]?$/.test(value))
      )
        break;
    }
    const next = args[at];
    if (next === undefined) return { program, args };
    program = base(next.value);
    args = args.slice(at + 1);
  }
  const [first, second] = args;
  if (/^(?:python|py)$/.test(program) && first?.value === '-m' && second !== undefined)
    return { program: base(second.value), args: args.slice(2) };
  return program === '' ? undefined : { program, args };
}

/** `pip3.12` is pip, `python3` is python, `npm.cmd` is npm. */
function base(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/\.(?:cmd|exe)$/, '');
  return /^(?:pip|python|gem|pipx)\d+(?:\.\d+)*$/.test(last) ? last.replace(/[\d.]+$/, '') : last;
}

/** The words that are neither options nor their values. */
export function operands({ args }: Invocation, valued: readonly string[] = []): readonly ShellWord[] {
  const found: ShellWord[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined) break;
    if (word.value === '--') return [...found, ...args.slice(at + 1)];
    if (valued.includes(word.value)) at += 1;
    else if (!word.value.startsWith('-')) found.push(word);
  }
  return found;
}

export function hasOption({ args }: Invocation, ...names: readonly string[]): boolean {
  return args.some(({ value }) => names.some((name) => value === name || value.startsWith(`${name}=`)));
}
