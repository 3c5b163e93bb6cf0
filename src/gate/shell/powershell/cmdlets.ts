import type { ShellCommand, ShellWord } from '../script.ts';
import { outputOf } from '../word.ts';

/** Short names of cmdlets. Source: Get-Alias of PowerShell 5.1 and 7. */
const ALIASES: Readonly<Record<string, string>> = {
  iex: 'invoke-expression',
  icm: 'invoke-command',
  iwr: 'invoke-webrequest',
  irm: 'invoke-restmethod',
  gc: 'get-content',
  type: 'get-content',
  cat: 'get-content',
  sc: 'set-content',
  ac: 'add-content',
  tee: 'tee-object',
  write: 'write-output',
  echo: 'write-output',
  saps: 'start-process',
  start: 'start-process',
  '%': 'foreach-object',
  foreach: 'foreach-object',
  '?': 'where-object',
  where: 'where-object',
  ipmo: 'import-module',
};
/** Switches of the cmdlets below: what follows them is no value of theirs. */
const SWITCHES = new Set(
  `-append -force -noclobber -nonewline -raw -passthru -usebasicparsing -wait -nonewwindow -noprofile -nop -noninteractive -nologo
  -skipcertificatecheck -verbose -debug -asbytestream -whatif -confirm`.split(/\s+/),
);
const FETCHES = new Set(['invoke-webrequest', 'invoke-restmethod']);
/** Programs that read what they are given as code. */
const STARTS_A_SHELL = /^(?:pwsh|powershell|cmd|bash|sh|wsl|python3?|node)$/;

/** A command with what it means: its name without its alias, and what it writes, reads and runs. */
export function meaningOf(command: ShellCommand): ShellCommand {
  const written = command.name
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/^microsoft\.powershell\.\w+\//, '');
  const plain = written.replace(/\.(?:exe|cmd|bat)$/, '');
  const name = Object.hasOwn(ALIASES, plain) ? (ALIASES[plain] ?? plain) : plain;
  const { words } = command;
  const piped = command.pipedFrom === undefined ? [] : [outputOf(command.pipedFrom)];
  switch (name) {
    case 'write-output':
    case 'write-host':
      return { ...command, name: 'echo' };
    case 'get-content':
      return { ...command, name: 'cat', reads: true };
    case 'tee-object': {
      const target = parameter(words, ['filepath', 'literalpath']) ?? positional(words)[0];
      return { ...command, name: 'tee', writesTo: [...command.writesTo, ...some(target)] };
    }
    case 'out-file': {
      const target = parameter(words, ['filepath', 'literalpath', 'path']) ?? positional(words)[0];
      const given = parameter(words, ['inputobject']);
      return { ...command, name, words: some(given), writesTo: [...command.writesTo, ...some(target)] };
    }
    case 'set-content':
    case 'add-content': {
      const path = parameter(words, ['path', 'literalpath', 'filepath']);
      const value = parameter(words, ['value']);
      const [first, second] = positional(words);
      const target = path ?? first;
      const given = value ?? (path === undefined ? second : first);
      return { ...command, name, words: some(given), writesTo: [...command.writesTo, ...some(target)] };
    }
    case 'invoke-expression':
      return { ...command, name, code: [...words, ...piped] };
    case 'start-process': {
      const program = parameter(words, ['filepath']) ?? positional(words)[0];
      const started = (program?.value ?? name)
        .toLowerCase()
        .replace(/^.*[\\/]/, '')
        .replace(/\.exe$/, '');
      const args = words.filter((word) => word !== program && !/^-(?:f|a)\w*$/i.test(word.value));
      return {
        ...command,
        name: started,
        words: args,
        code: [...(program === undefined ? [] : [program]), ...(STARTS_A_SHELL.test(started) ? args : [])],
      };
    }
    case 'pwsh':
    case 'powershell':
      return {
        ...command,
        name,
        code: [
          ...behind(words, /^-c(?:o(?:m(?:m(?:a(?:n(?:d)?)?)?)?)?)?$/i, name === 'powershell'),
          ...fedTo(words, piped),
        ],
      };
    case 'cmd':
      return { ...command, name, code: behind(words, /^\/[ckr]$/i, false) };
    default:
      return { ...command, name: FETCHES.has(name) ? 'invoke-webrequest' : name.replace(/^\.\/+/, './') };
  }
}

/** `-` as the command means the input. */
function fedTo(words: readonly ShellWord[], piped: readonly ShellWord[]): readonly ShellWord[] {
  return words.at(-1)?.value === '-' || words.length === 0 ? piped : [];
}

/** All words behind an option; of Windows PowerShell, the words that are no options even without it. */
function behind(words: readonly ShellWord[], option: RegExp, bare: boolean): readonly ShellWord[] {
  const at = words.findIndex(({ value }) => option.test(value));
  // What stands in braces is read as it is written.
  if (at !== -1) return words.slice(at + 1).filter(({ text }) => !text.startsWith('{'));
  if (!bare || words.some(({ value }) => /^-(?:f|e)/i.test(value))) return [];
  const first = words.findIndex(({ value }) => !value.startsWith('-'));
  return first === -1 || /\.ps1$/i.test(words[first]?.value ?? '') ? [] : words.slice(first);
}

/** The value of a parameter by one of its names, which may be cut short: `-File` for `-FilePath`. */
function parameter(words: readonly ShellWord[], names: readonly string[]): ShellWord | undefined {
  const at = words.findIndex(({ value }) => {
    const short = value.slice(1).toLowerCase();
    return value.startsWith('-') && short !== '' && names.some((name) => name.startsWith(short));
  });
  return at === -1 ? undefined : words[at + 1];
}

function positional(words: readonly ShellWord[]): readonly ShellWord[] {
  return words.filter(({ value }, index) => {
    const before = words[index - 1]?.value.toLowerCase() ?? '';
    return !value.startsWith('-') && (!before.startsWith('-') || SWITCHES.has(before));
  });
}

function some(word: ShellWord | undefined): readonly ShellWord[] {
  return word === undefined ? [] : [word];
}
