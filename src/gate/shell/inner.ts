import { cmdCommands } from './cmd.ts';
import { PowerShellReader } from './powershell/reader.ts';
import { ProgramReader } from './program/reader.ts';
import { FIRST_MARKER, type ScriptLanguage, type ShellCommand, type ShellWord } from './script.ts';
import { type MaskedText, maskedText, outputOf } from './word.ts';

/** Scripts within one script that are read. */
const MAX_INNER = 200;
const PROGRAMS: readonly (readonly [RegExp, ScriptLanguage, RegExp])[] = [
  [/^(?:python|pypy)[\d.]*$|^py$/, 'python', /^-[a-zA-Z]*c$/],
  [/^(?:node|nodejs|bun)$/, 'javascript', /^(?:-e|--eval|-p|--print|-pe)$/],
  [/^(?:pwsh|powershell)$/, 'powershell', /^-c(?:o(?:m(?:m(?:a(?:n(?:d)?)?)?)?)?)?$/i],
  [/^cmd$/, 'cmd', /^\/[ckCK]$/],
];

/** The commands with those of the scripts of other languages that they hold: `python -c '…'`, `node -e '…'`, `python3 - <<'EOF'`. */
export function withInner(
  commands: readonly ShellCommand[],
  host: ScriptLanguage,
  original: string,
): readonly ShellCommand[] {
  if (!/python|pypy|\bpy\b|node|bun|pwsh|powershell|cmd/i.test(original)) return commands;
  const all: ShellCommand[] = [];
  let count = 0;
  for (const command of commands) {
    all.push(command);
    const found = count < MAX_INNER ? innerOf(command, host) : undefined;
    if (found === undefined) continue;
    count += 1;
    // One by one: a hostile script may hold more commands than a call takes arguments.
    for (const one of readInner(found, original, count)) all.push(one);
  }
  return all;
}

interface Inner {
  readonly language: ScriptLanguage;
  readonly code: ShellWord;
  /** What it is given behind its code. */
  readonly given: readonly ShellWord[];
  /** What it reads. */
  readonly input?: ShellCommand;
}

function innerOf(command: ShellCommand, host: ScriptLanguage): Inner | undefined {
  const [base, words] = withoutStarter(command);
  const known = PROGRAMS.find(([name]) => name.test(base));
  if (known === undefined || known[1] === host) return undefined;
  const [, language, flag] = known;
  const at = words.findIndex(({ value }) => flag.test(value));
  const code = at === -1 ? undefined : words[at + 1];
  // What a variable alone holds is not written out.
  if (code !== undefined && /^[$%]\S*$/.test(code.value)) return undefined;
  if (code !== undefined)
    return {
      language,
      code,
      given: words.slice(at + 2),
      ...(command.pipedFrom !== undefined && { input: command.pipedFrom }),
    };
  const [fed] = command.fed;
  const operand = words.findIndex(({ value }) => value === '-' || !value.startsWith('-'));
  if (fed === undefined || (operand !== -1 && words[operand]?.value !== '-')) return undefined;
  return { language, code: fed, given: operand === -1 ? [] : words.slice(operand + 1) };
}

/** `sudo -E python3 …` and `uv run python …` are what they start. */
function withoutStarter({ name, words }: ShellCommand): readonly [string, readonly ShellWord[]] {
  const all = [name, ...words.slice(0, 6).map(({ value }) => value)];
  const at = /^(?:sudo|env|exec|time|uv|poetry|pipenv|command)$/.test(name)
    ? all.findIndex((word, index) => index > 0 && PROGRAMS.some(([known]) => known.test(baseOf(word))))
    : 0;
  return at === -1 ? [name, words] : [baseOf(all[at] ?? ''), words.slice(at)];
}

function baseOf(name: string): string {
  return name
    .slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
    .replace(/\.exe$/i, '')
    .toLowerCase();
}

function readInner(
  { language, code, given, input }: Inner,
  original: string,
  number: number,
): readonly ShellCommand[] {
  const text = textOf(code, original);
  const prefix = `${language}${number}:`;
  switch (language) {
    case 'powershell':
      return new PowerShellReader(text, prefix).whole();
    case 'cmd':
      // Its variables are those of the environment.
      return cmdCommands(text, 'env:');
    case 'python':
    case 'javascript': {
      const commands = new ProgramReader(text, language, prefix).whole();
      const own = `${prefix}${language === 'python' ? 'sys' : 'process'}`;
      return [
        ...given.slice(0, 50).map((value) => argument(`${own}.argv`, value)),
        ...(input === undefined ? [] : [argument(`${own}.stdin`, outputOf(input))]),
        ...commands,
      ];
    }
    default:
      return [];
  }
}

function argument(name: string, value: ShellWord): ShellCommand {
  return {
    text: value.text,
    name: '',
    words: [],
    assigned: [{ name, value }],
    writesTo: [],
    readsFrom: [],
    fed: [],
  };
}

/** The code as a script of its own, in which expressions have the numbers that they have in the whole. */
function textOf({ value, expressions }: ShellWord, original: string): MaskedText {
  if (expressions.length === 0) return maskedText(value);
  const sources: string[] = [];
  for (let from = 0; sources.length <= (expressions.at(-1) ?? 0); ) {
    const start = original.indexOf('${{', from);
    const end = start === -1 ? -1 : original.indexOf('}}', start);
    if (end === -1) break;
    sources.push(original.slice(start, end + 2));
    from = end + 2;
  }
  const markers: number[] = [];
  const written = value.replaceAll(/([\ue000-\ue3e7])\uf8ff*/g, (whole, first: string, at: number) => {
    markers.push(at);
    const source = sources[first.charCodeAt(0) - FIRST_MARKER] ?? '';
    return source.length === whole.length ? source : whole;
  });
  return { original: written, masked: value, markers };
}
