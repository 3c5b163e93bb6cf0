import type { RunnerFile, ShellCommand, ShellScript, ShellWord } from '../shell/script.ts';
import { outputOf } from '../shell/word.ts';

/** What a step's script writes into a file of the runner, `GITHUB_ENV` for one, by whatever way. */
export interface FileCommand {
  readonly file: RunnerFile;
  readonly command: ShellCommand;
  /** The names that it sets; none when they are not written out. */
  readonly names: readonly string[];
  readonly words: readonly ShellWord[];
  /** What of it may set something else, by a line break or as it is; absent: all of it. */
  readonly open?: readonly ShellWord[];
}

const FILES = ['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_PATH'] as const;
/** Programs that write their input to a file that they are given. */
const WRITERS = new Set(['tee', 'out-file', 'set-content', 'add-content']);
/** Variables by which a program is told to run something else. */
const OBEYED =
  /^(?:PATH|LD_\w+|DYLD_\w+|BASH_ENV|ENV|NODE_OPTIONS|PYTHON(?:PATH|STARTUP|HOME)|PERL5(?:OPT|LIB)|RUBY(?:OPT|LIB)|GIT_\w+|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|MAVEN_OPTS|GOFLAGS|NPM_CONFIG_\w+|PIP_\w+)$/i;
const MAX_ALIASES = 4;
/** A script without any of these writes neither variables nor paths. */
export const MAY_WRITE = /GITHUB_(?:ENV|PATH)|exportVariable|addPath/;

/** Of scripts that were looked at: it follows from the script alone. */
const READ = new WeakMap<ShellScript, readonly FileCommand[]>();

/** The file commands of a script, in order. */
export function fileCommandsOf(script: ShellScript): readonly FileCommand[] {
  const known = READ.get(script) ?? found(script);
  READ.set(script, known);
  return known;
}

function found(script: ShellScript): readonly FileCommand[] {
  const aliases = new Map<string, RunnerFile | undefined>();
  const all: FileCommand[] = [];
  // The value that is written line by line, between a name and its delimiter.
  let value: { readonly name: string; readonly delimiter: string } | undefined;
  for (const command of script.commands) {
    const one = setBy(command) ?? writtenBy(script, command, aliases) ?? printedBy(command);
    if (one === undefined) continue;
    const inside = value;
    const begun = one.words.map(delimited).find((begin) => begin !== undefined);
    if (begun !== undefined) value = begun;
    else if (value !== undefined && one.words.some((word) => plain(word) === value?.delimiter))
      value = undefined;
    all.push(one.names.length === 0 && inside !== undefined ? { ...one, names: [inside.name] } : one);
  }
  return all;
}

function setBy(command: ShellCommand): FileCommand | undefined {
  if (command.sets === undefined) return undefined;
  const { file, name, value } = command.sets;
  // A name that is worked out may be any.
  const names = name === undefined || name.variables.length + name.made.length > 0 ? [] : [name.value];
  const obeyed = file === 'GITHUB_PATH' || names.some((one) => OBEYED.test(one));
  return {
    file,
    command,
    names,
    words: [value],
    open: [...(name === undefined ? [] : [name]), ...(obeyed ? [value] : [])],
  };
}

function writtenBy(
  script: ShellScript,
  command: ShellCommand,
  aliases: Map<string, RunnerFile | undefined>,
): FileCommand | undefined {
  const targets = [...command.writesTo, ...(command.name === 'tee' ? command.words : [])];
  const file = fileOf(script, targets.flatMap(namesOf), aliases);
  if (file === undefined) return undefined;
  const input = WRITERS.has(command.name) || command.name === 'cat' ? command.pipedFrom : undefined;
  const own = [
    ...command.words.filter((word) => !targets.includes(word) || command.name !== 'tee'),
    ...command.fed,
    ...(input?.words ?? []),
  ];
  const words = input === undefined ? own : [...own, outputOf(input)];
  return { file, command, names: namesIn(own), words };
}

/** `::set-output name=NAME::VALUE`, which runners still take. */
function printedBy(command: ShellCommand): FileCommand | undefined {
  if (!/(?:^|:|\.)(?:echo|printf|print|log|info|write)$/.test(command.name)) return undefined;
  const names = command.words.flatMap(
    ({ value }) => /^["'`]?::set-output name=([^:,]{1,100})::/.exec(value)?.[1] ?? [],
  );
  return names.length === 0
    ? undefined
    : { file: 'GITHUB_OUTPUT', command, names, words: command.words, open: [] };
}

/** The variables that name a file, and those of what opens it: `open(os.environ['GITHUB_ENV'], 'a')`. */
function namesOf({ variables, made }: ShellWord): readonly string[] {
  return made.length === 0
    ? variables
    : [...variables, ...made.flatMap(({ words }) => words[0]?.variables ?? [])];
}

/** The file that one of the variables names, also by way of others. */
function fileOf(
  script: ShellScript,
  variables: readonly string[],
  aliases: Map<string, RunnerFile | undefined>,
  depth = 0,
): RunnerFile | undefined {
  for (const variable of variables) {
    const own = FILES.find((name) => variable === name || variable === `env:${name}`);
    if (own !== undefined) return own;
    if (!aliases.has(variable) && depth < MAX_ALIASES) {
      // A circle leads nowhere.
      aliases.set(variable, undefined);
      const given = (script.assigned.get(variable) ?? []).flatMap(({ value }) => namesOf(value));
      aliases.set(variable, fileOf(script, given, aliases, depth + 1));
    }
    const known = aliases.get(variable);
    if (known !== undefined) return known;
  }
  return undefined;
}

function namesIn(words: readonly ShellWord[]): readonly string[] {
  return words.flatMap(({ value }) =>
    value.split('\n').flatMap((line) => /^["']?([A-Za-z_][\w-]{0,99})(?:=|<<)/.exec(line)?.[1] ?? []),
  );
}

function delimited({ value }: ShellWord): { readonly name: string; readonly delimiter: string } | undefined {
  const [, name, delimiter] = /^["']?([A-Za-z_][\w-]{0,99})<<([^\n"']{1,200})["'\n]*$/.exec(value) ?? [];
  return name === undefined || delimiter === undefined ? undefined : { name, delimiter: delimiter.trim() };
}

function plain({ value }: ShellWord): string {
  return value.replaceAll(/^["']|["']$/g, '').trim();
}
