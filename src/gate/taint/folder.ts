import { posix } from 'node:path';
import type { StepPart } from '../repository/model.ts';
import { textOf, valueOf } from '../repository/tree.ts';
import type { ShellCommand, ShellScript, ShellWord } from '../shell/script.ts';
import type { Site, Subject } from '../subject.ts';

/**
 * A folder of a job, from its workspace on: `''` is the workspace, `head` a folder in it, `/tmp/x` and `<temp>/x` lie outside.
 * Undefined: a variable says which, and it is not known.
 */
export type Folder = string | undefined;

const MAX_VARIABLES = 5;

/** What a path means, seen from a folder. */
export function folderOf(path: string, from: Folder = '', site?: Site, script?: ShellScript): Folder {
  const bare = resolved(path.replaceAll(/["']/g, ''), site, script)
    .replaceAll(/\$\{\{\s*runner\.temp\s*\}\}|\$\{?RUNNER_TEMP\}?/gi, '<temp>')
    .replace(/^(?:\$\{\{\s*github\.workspace\s*\}\}|\$\{?GITHUB_WORKSPACE\}?)\/?/i, '<workspace>/')
    .replace(/^(?:\$\{?PWD\}?|\$\(pwd\))\/?/, './');
  if (bare.includes('$')) return undefined;
  if (bare.startsWith('<workspace>')) return trimmed(bare.slice('<workspace>/'.length));
  if (/^(?:\/|<temp>|~)/.test(bare)) return posix.normalize(bare);
  return from === undefined ? undefined : trimmed(posix.join(from, bare));
}

function trimmed(path: string): string {
  const short = posix.normalize(path).replace(/\/$/, '');
  return short === '.' ? '' : short;
}

/** `$DIR` by the step's environment, or by what its script sets once. */
function resolved(text: string, site: Site | undefined, script: ShellScript | undefined): string {
  if (site === undefined || !text.includes('$')) return text;
  const set = [...site.step.env, ...(site.job?.env ?? []), ...('env' in site.file ? site.file.env : [])];
  let result = text.slice(0, 1_000);
  for (let n = 0; n < MAX_VARIABLES; n += 1) {
    const [whole, name] =
      /\$\{?([A-Za-z_]\w{0,99})\}?/.exec(
        result.replaceAll(/\$\{?(?:RUNNER_TEMP|GITHUB_WORKSPACE|PWD)\}?/g, (one) => '\0'.repeat(one.length)),
      ) ?? [];
    if (whole === undefined || name === undefined) return result;
    const assigned = script?.assigned.get(name) ?? [];
    const [only] = assigned;
    const value =
      only !== undefined && assigned.length === 1
        ? only.value.text.replaceAll(/["']/g, '')
        : set.find((one) => one.name === name)?.value.text;
    if (value === undefined || value.includes(whole)) return result;
    result = result.replace(whole, () => value);
  }
  return result;
}

/** Whether a folder is another one, or lies in it. */
export function within(inner: string, outer: string): boolean {
  if (outer === '') return !/^(?:\/|<temp>|~|\.\.)/.test(inner);
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** The folder in which a step's script begins. */
export function startOf(subject: Subject, site: Site): Folder {
  const { step, job, file } = site;
  const written =
    step.workingDirectory?.text ??
    [job?.tree, file.tree]
      .map((tree) => textOf(valueOf(valueOf(valueOf(tree, 'defaults'), 'run'), 'working-directory'))?.text)
      .find((text) => text !== undefined);
  return written === undefined ? '' : folderOf(written, '', site, subject.script(site));
}

/** The folder in which each command of a script is started: `cd` goes on to the next. */
export function foldersOf(
  subject: Subject,
  site: Site,
  script: ShellScript,
): ReadonlyMap<ShellCommand, Folder> {
  // Steps with one text share its script, and may begin in other folders.
  const ofStep = READ.get(site.step) ?? new Map<ShellScript, ReadonlyMap<ShellCommand, Folder>>();
  const known = ofStep.get(script);
  if (known !== undefined) return known;
  const all = new Map<ShellCommand, Folder>();
  const start = startOf(subject, site);
  let now = start;
  for (const command of script.commands) {
    all.set(command, now);
    if (command.name !== 'cd' && command.name !== 'pushd') {
      if (command.name === 'popd') now = start;
      continue;
    }
    const to = command.words.find(({ value }) => !/^-[LPe@]$/.test(value));
    now = to === undefined ? '~' : to.value === '-' ? start : folderOf(to.text, now, site, script);
  }
  READ.set(site.step, ofStep.set(script, all));
  return all;
}

const READ = new WeakMap<StepPart, Map<ShellScript, ReadonlyMap<ShellCommand, Folder>>>();

/** Whether a word names something in a folder: `head/x.sh`, `--prefix=head`, `-Chead` is not seen. */
export function names(
  word: ShellWord,
  folder: string,
  from: Folder,
  site: Site,
  script: ShellScript,
): boolean {
  if (folder === '') return true;
  const text = word.text.slice(0, 1_000);
  return [text, text.slice(text.indexOf('=') + 1)].some((path) => {
    const to = folderOf(path, from, site, script);
    return to !== undefined && within(to, folder);
  });
}
