import type { Hop, Span } from '../finding.ts';
import { expressionsIn } from '../../workflow/index.ts';
import { pieceSpan } from '../repository/tree.ts';
import type { RunnerFile, ShellCommand, ShellScript, ShellWord } from '../shell/script.ts';
import type { StepPart } from '../repository/model.ts';
import type { Site } from '../subject.ts';
import { isChecked, isCheckedElsewhere, narrows } from './checked.ts';
import { eventFileTaint } from './event-file.ts';
import { runsWorkspace } from './execution.ts';
import { asksForStrangersWords } from './forge-answers.ts';
import { type FileCommand, fileCommandsOf } from './file-commands.ts';
import { type Folder, folderOf, foldersOf, within } from './folder.ts';
import { valueReferences } from './references.ts';
import { inputTaint, toldTaint } from './told.ts';
import { type Following, type Taint, unique } from './value.ts';

const MAX_DEPTH = 10;
/** Programs whose output is what a file holds. */
const READERS = new Set([
  'cat',
  'head',
  'tail',
  'jq',
  'yq',
  'grep',
  'sed',
  'awk',
  'cut',
  'tr',
  'unzip',
  'git',
  'gh',
  'xargs',
  'node',
  'python',
  'python3',
]);

/** What decides over what a file command writes. */
export function writtenTaint(
  taints: Following,
  { words, command }: FileCommand,
  site: Site,
): readonly Taint[] {
  return unique([
    ...words.flatMap((word) => wordTaint(taints, word, site)),
    ...commandTaint(taints, command, site, 0),
  ]);
}

/** What decides over that of it in which a line break, or the value by itself, sets something else. */
export function injectedTaint(taints: Following, one: FileCommand, site: Site): readonly Taint[] {
  return one.open === undefined
    ? writtenTaint(taints, one, site)
    : unique(one.open.flatMap((word) => wordTaint(taints, word, site)));
}

/** What decides over a word of a script: its expressions, its variables, the files that it is read from. */
export function wordTaint(taints: Following, word: ShellWord, site: Site): readonly Taint[] {
  return unique([...inlineTaint(taints, word, site), ...variableTaint(taints, word, site)]);
}

function inlineTaint(taints: Following, word: ShellWord, site: Site): readonly Taint[] {
  const run = taints.subject.scriptText(site);
  if (run === undefined || word.expressions.length === 0) return [];
  const placed = taints.subject.expressions(site.file, run);
  const sources = expressionsIn(run.text);
  return word.expressions.flatMap((number) => {
    const one = placed.find(({ source }) => source === sources[number]);
    return one === undefined
      ? []
      : valueReferences(one.tree).flatMap((reference) => taints.reference(reference, site, one.at));
  });
}

/** What decides over a word by variables and read files alone: the shell has not parsed that as its own text. */
export function variableTaint(taints: Following, word: ShellWord, site: Site, depth = 0): readonly Taint[] {
  const run = taints.subject.scriptText(site);
  const script = taints.subject.script(site);
  if (run === undefined || script === undefined || depth > MAX_DEPTH) return [];
  const at = (piece: string): Span => pieceSpan(site.file.source, run, piece);
  const found = [...new Set(word.variables)].flatMap((variable) =>
    ofVariable(taints, variable, script, site, depth).map((taint) =>
      extended(taint, { at: at(word.text), what: `expands $${variable}` }),
    ),
  );
  return unique([
    ...found,
    ...word.made.flatMap((command) => commandTaint(taints, command, site, depth + 1)),
  ]);
}

/** Each variable of a script is looked at once: a hostile script may set one of them ten thousand times, from itself. */
function ofVariable(
  taints: Following,
  variable: string,
  script: ShellScript,
  site: Site,
  depth: number,
): readonly Taint[] {
  const known = taints.variables(site);
  const before = known.get(variable);
  if (before !== undefined) return before;
  known.set(variable, []);
  const run = taints.subject.scriptText(site);
  const checked = script.language === 'bash' ? isChecked : isCheckedElsewhere;
  if (run !== undefined && checked(run.text, variable)) return [];
  const environment = environmentName(script, variable);
  const assigned =
    script.assigned.get(variable) ??
    (environment === undefined ? undefined : script.assigned.get(environment)) ??
    [];
  const read = script.read.get(variable) ?? [];
  const from =
    assigned.length > 0
      ? assigned.flatMap(({ value, command }) => [
          ...inlineTaint(taints, value, site),
          ...variableTaint(taints, value, site, depth + 1).map((taint) =>
            run === undefined
              ? taint
              : extended(taint, {
                  at: pieceSpan(site.file.source, run, command.text),
                  what: `sets ${variable}`,
                }),
          ),
        ])
      : read.length > 0
        ? read.flatMap(({ readsFrom }) => readsFrom.flatMap((file) => fileTaint(taints, file, site)))
        : environment === undefined
          ? toldTaint(taints, variable, site)
          : [...inputTaint(taints, environment, site), ...taints.environment(environment, site)];
  const found = unique(from);
  known.set(variable, found);
  return found;
}

/** The environment variable that a name of a script stands for: in Bash and cmd every variable may be one. */
function environmentName({ language }: ShellScript, variable: string): string | undefined {
  if (variable.startsWith('env:')) return variable.slice('env:'.length);
  return (language === 'bash' || language === 'cmd') && !variable.includes(':') ? variable : undefined;
}

/** What decides over the output of a command. */
function commandTaint(taints: Following, command: ShellCommand, site: Site, depth: number): readonly Taint[] {
  if (depth > MAX_DEPTH || narrows(command)) return [];
  const piped =
    command.pipedFrom === undefined ? [] : commandTaint(taints, command.pipedFrom, site, depth + 1);
  const words = [...command.words, ...command.fed].flatMap((word) => [
    ...variableTaint(taints, word, site, depth + 1),
    ...inlineTaint(taints, word, site),
  ]);
  const reads =
    READERS.has(command.name) ||
    command.reads === true ||
    (command.name === '' && command.readsFrom.length > 0) ||
    runsWorkspace(command);
  const given =
    command.pipedFrom !== undefined ||
    command.fed.length > 0 ||
    (command.name === 'jq' && command.words.some(({ value }) => /^(?:-\w*n\w*|--null-input)$/.test(value)));
  const files = reads && !given ? fileTaint(taints, undefined, site, command) : [];
  return unique([
    ...piped,
    ...words,
    ...files,
    ...answerTaint(taints, command, site),
    ...eventFileTaint(taints, command, site),
  ]);
}

/** What the forge answers with is what somebody wrote there, whatever brings the workflow to run. */
function answerTaint(taints: Following, command: ShellCommand, site: Site): readonly Taint[] {
  if (!asksForStrangersWords(command)) return [];
  const run = taints.subject.scriptText(site);
  const reaching = taints.subject.reaching(site.file);
  if (run === undefined || reaching.length === 0) return [];
  return [
    {
      origin: 'an answer of the forge',
      by: 'stranger',
      holds: 'text',
      events: reaching.map(({ event }) => event),
      hops: [
        ...(reaching[0]?.via ?? []),
        {
          at: pieceSpan(site.file.source, run, command.text),
          what: 'asks the forge for what somebody wrote',
        },
      ],
    },
  ];
}

/** A file in a workspace that a stranger filled. */
function fileTaint(
  taints: Following,
  file: ShellWord | undefined,
  site: Site,
  command?: ShellCommand,
): readonly Taint[] {
  const run = taints.subject.scriptText(site);
  const script = taints.subject.script(site);
  const operands = command?.words.filter(({ value }) => !value.startsWith('-')) ?? [];
  // `git rev-parse` and the like say nothing that a file holds; `git log` and `git show` do.
  const shows =
    command?.name !== 'git' || ['log', 'show', 'diff', 'diff-tree'].includes(operands[0]?.value ?? '');
  if (run === undefined || script === undefined || !shows || ['gh', 'xargs'].includes(command?.name ?? ''))
    return [];
  const filled = strangersFiles(
    taints,
    site,
    file === undefined ? [...operands, ...(command?.readsFrom ?? [])] : [file],
    command,
  );
  if (filled === undefined) return [];
  const piece = command?.text ?? file?.text ?? '';
  return [
    {
      ...filled,
      // A file holds any text, also where what led to it names a commit.
      holds: 'text',
      hops: [
        ...filled.hops,
        {
          at: pieceSpan(site.file.source, run, piece),
          what:
            command !== undefined && runsWorkspace(command)
              ? 'runs it, and takes what it prints'
              : 'reads one of its files',
        },
      ],
    },
  ];
}

/** That an earlier step has filled the folder, in which a command reads these, with a stranger's files. */
function strangersFiles(
  taints: Following,
  site: Site,
  read: readonly ShellWord[],
  command: ShellCommand | undefined,
): Taint | undefined {
  const script = taints.subject.script(site);
  if (script === undefined) return undefined;
  const earlier = taints
    .filled({ file: site.file, ...(site.job !== undefined && { job: site.job }) })
    .filter(({ step }) => step.index < site.step.index);
  if (earlier.length === 0) return undefined;
  const folders = foldersOf(taints.subject, site, script);
  const cwd = command === undefined ? '' : folders.get(command);
  const paths = read.map(({ text }) => folderOf(text, cwd, site, script));
  return earlier.find(({ place: { folder, others } }) => {
    const mine = (path: Folder): boolean =>
      path === undefined
        ? folder === ''
        : within(path, folder) && !others.some((other) => within(path, other));
    return mine(cwd) ? paths.length === 0 || paths.some(mine) : paths.some(mine);
  })?.taint;
}

function extended(taint: Taint, hop: Hop): Taint {
  return { ...taint, hops: [...taint.hops, hop] };
}

/** What a run step's output holds. */
export function scriptOutputs(taints: Following, output: string, site: Site): readonly Taint[] {
  return written(taints, 'GITHUB_OUTPUT', output, site, `is written to the output ${output}`);
}

/**
 * What an earlier step of the job has put into `GITHUB_ENV` under this name. What is so behind one step follows from what is so behind
 * the one before: a hostile job may have ten thousand that set the same variable and read it.
 */
export function dynamicEnvironment(taints: Following, name: string, site: Site): readonly Taint[] {
  const known = taints.setBefore(site);
  const one = known.get(name) ?? { steps: settersOf(taints, name, site), behind: [] };
  known.set(name, one);
  const { steps, behind } = one;
  let count = 0;
  for (const step of steps) {
    if (step.index >= site.step.index) break;
    if (behind[count] === undefined) {
      const set = written(
        taints,
        'GITHUB_ENV',
        name,
        { ...site, step },
        `is written to the variable ${name}`,
      );
      behind[count] = unique([...(behind[count - 1] ?? []), ...set]);
    }
    count += 1;
  }
  return behind[count - 1] ?? [];
}

interface Setters {
  readonly all: readonly StepPart[];
  readonly byName: ReadonlyMap<string, readonly StepPart[]>;
}

/** Of lists of steps that were looked at: which of them set variables, and which. */
const SETTERS = new WeakMap<readonly StepPart[], Setters>();

function settersOf(taints: Following, name: string, site: Site): readonly StepPart[] {
  const steps = site.job?.steps ?? (site.file.kind === 'action' ? site.file.steps : []);
  const known = SETTERS.get(steps) ?? settersAmong(taints, steps, site);
  SETTERS.set(steps, known);
  return (name === '*' ? known.all : known.byName.get(name.toLowerCase())) ?? [];
}

function settersAmong(taints: Following, steps: readonly StepPart[], site: Site): Setters {
  const all: StepPart[] = [];
  const byName = new Map<string, StepPart[]>();
  for (const step of steps) {
    const set = setters(taints, 'GITHUB_ENV', '*', { ...site, step });
    if (set.length > 0) all.push(step);
    for (const name of new Set(set.flatMap(({ names }) => names.map((one) => one.toLowerCase())))) {
      const before = byName.get(name);
      if (before === undefined) byName.set(name, [step]);
      else before.push(step);
    }
  }
  return { all, byName };
}

/** Words without one of which a script writes nothing to a file. */
const WRITES: Readonly<Record<RunnerFile, RegExp>> = {
  GITHUB_ENV: /GITHUB_ENV|exportVariable/,
  GITHUB_OUTPUT: /GITHUB_OUTPUT|::set-output |setOutput|\breturn\b/,
  GITHUB_PATH: /GITHUB_PATH|addPath/,
};

function written(
  taints: Following,
  file: RunnerFile,
  name: string,
  site: Site,
  what: string,
): readonly Taint[] {
  const run = taints.subject.scriptText(site);
  if (run === undefined) return [];
  return unique(
    setters(taints, file, name, site).flatMap((one) =>
      writtenTaint(taints, one, site).map((taint) =>
        extended(taint, { at: pieceSpan(site.file.source, run, one.command.text), what }),
      ),
    ),
  );
}

/** The commands of a step that may set a variable or an output. */
function setters(taints: Following, file: RunnerFile, name: string, site: Site): readonly FileCommand[] {
  const run = taints.subject.scriptText(site);
  const script = run === undefined || !WRITES[file].test(run.text) ? undefined : taints.subject.script(site);
  if (script === undefined) return [];
  const wanted = name.toLowerCase();
  // What sets whatever its lines name may set this.
  return fileCommandsOf(script).filter(
    (one) =>
      one.file === file &&
      (name === '*' ||
        (one.names.length === 0 && file === 'GITHUB_OUTPUT') ||
        one.names.some((set) => set.toLowerCase() === wanted)),
  );
}
