import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { ShellCommand, ShellWord } from '../../shell/script.ts';

export const rule: Rule = {
  id: 'unverified-download',
  title: 'A script is fetched and run as it comes',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['poutine/unverified_script_exec', 'scorecard/Pinned-Dependencies'],
  check,
};

const FETCHERS = new Set(['curl', 'wget', 'invoke-webrequest']);
const MAY_FETCH = /curl|wget|deno run|iwr|irm|invoke-(?:webrequest|restmethod)|download(?:string|file)/i;
const INTERPRETERS = new Set([
  'sh',
  'bash',
  'zsh',
  'dash',
  'python',
  'python3',
  'node',
  'perl',
  'ruby',
  'php',
  'pwsh',
  'powershell',
]);
const CHECKS = new Set([
  'sha256sum',
  'sha512sum',
  'shasum',
  'gpg',
  'cosign',
  'minisign',
  'openssl',
  'gh',
  'get-filehash',
  'get-authenticodesignature',
  'certutil',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const { run } = site.step;
    if (run === undefined || !MAY_FETCH.test(run.text)) continue;
    const commands = subject.script(site)?.commands ?? [];
    for (const command of commands) {
      const fetched = fetchOf(command);
      if (fetched === undefined || isFixed(fetched)) continue;
      const insecure = fetched.words.some(
        ({ value }) => value.startsWith('http://') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(value),
      );
      yield {
        at: pieceSpan(site.file.source, run, command.text),
        severity: insecure ? 'high' : 'medium',
        message: `${runner(command) ?? (fetched === command ? command.name : command.name === 'invoke-expression' ? 'Invoke-Expression' : 'the shell')} runs what ${fetched === command ? 'it' : fetched.name} fetches${insecure ? ', without TLS' : ''}, whatever that is on the day`,
        fix: 'fetch a version into a file, compare its digest (sha256sum --check), then run it',
        ...(site.job !== undefined && { job: site.job.id }),
      };
    }
    // Fetched into a file that is then run, with nothing that looks at it between.
    if (commands.some(({ name }) => CHECKS.has(name))) continue;
    for (const [index, command] of commands.entries()) {
      const target = FETCHERS.has(command.name) && !isFixed(command) ? targetOf(command) : undefined;
      if (target === undefined) continue;
      const later = commands.slice(index + 1).find((one) => runs(one, target));
      if (later !== undefined)
        yield {
          at: pieceSpan(site.file.source, run, command.text),
          confidence: 'medium',
          message: `${target} is fetched and run, and nothing compares its digest`,
          fix: 'compare its digest (sha256sum --check) before it is run',
          ...(site.job !== undefined && { job: site.job.id }),
        };
    }
  }
}

/** The interpreter that a command starts, `sudo -E bash` included. */
function runner({ name, words }: ShellCommand): string | undefined {
  const all = [name, ...words.map(({ value }) => value)].filter(
    (word) => !['sudo', 'env', 'exec', '-E', '-H'].includes(word) && !word.includes('='),
  );
  return INTERPRETERS.has(all[0] ?? '') ? all[0] : undefined;
}

/** Whether an interpreter reads its program from its input: it is given neither one on its line nor a file. */
function readsProgram({ name, words }: ShellCommand): boolean {
  const all = [name, ...words.map(({ value }) => value)];
  const at = all.findIndex((word) => INTERPRETERS.has(word));
  const rest = all.slice(at + 1);
  const shell = /^(?:ba|z|da)?sh$/.test(all[at] ?? '');
  for (const [index, word] of rest.entries()) {
    if (word === '-' || word === '/dev/stdin' || (shell && /^-\w*s$/.test(word))) return true;
    if (shell && rest[index - 1] === '-o') continue;
    if (shell ? word === '-c' : /^-(?:m|c|e|ne|pe|n|p|r|-eval|-print)$/i.test(word)) return false;
    if (!/^-|^\w+=/.test(word)) return false;
  }
  return true;
}

/** Every script at a commit of a repository is the same for ever. */
function isFixed({ words }: ShellCommand): boolean {
  const urls = words.map(({ value }) => value).filter((value) => /^https?:\/\//.test(value));
  return (
    urls.length > 0 &&
    urls.every((url) =>
      /^https:\/\/(?:raw\.githubusercontent\.com|github\.com)\/.*\/[0-9a-f]{40}\//.test(url),
    )
  );
}

/** The fetching command whose output this one runs: by a pipe, or by a substitution. */
function fetchOf(command: ShellCommand): ShellCommand | undefined {
  // Deno runs what lies at an address by itself.
  const deno = command.name === 'deno' && command.words[0]?.value === 'run';
  if (deno && command.words.some(({ value }) => /^https?:\/\//.test(value)))
    return isFixed(command) ? undefined : command;
  const read = fetchedIn(command.code ?? []);
  if (read !== undefined) return read;
  const name = runner(command);
  let before = name === undefined || !readsProgram(command) ? undefined : command.pipedFrom;
  for (let depth = 0; before !== undefined && depth < 10; depth += 1) {
    if (FETCHERS.has(before.name)) return before;
    // `curl | tar xz | sh` runs something else than what was fetched; `tee` and `sed` hand it on.
    if (!['tee', 'sed', 'tr', 'cat'].includes(before.name)) return undefined;
    before = before.pipedFrom;
  }
  const evaluates =
    command.name === 'eval' ||
    command.name === 'source' ||
    command.name === '.' ||
    (name !== undefined && command.words.some(({ value }) => value === '-c'));
  const made =
    (name !== undefined || evaluates) &&
    (evaluates || command.words.some(({ text }) => text.startsWith('<(')))
      ? command.words.flatMap((word: ShellWord) => word.made)
      : [];
  return made.find((one) => FETCHERS.has(one.name));
}

/** The fetching command whose output is read as code: `iex (iwr URL).Content`, and what is piped to `iex`. */
function fetchedIn(code: readonly ShellWord[], depth = 0): ShellCommand | undefined {
  if (depth > 5) return undefined;
  for (const { made } of code)
    for (const one of made) {
      if (FETCHERS.has(one.name)) return one;
      const [before, inner] = [one.pipedFrom, fetchedIn(one.words, depth + 1)];
      if (before !== undefined && FETCHERS.has(before.name)) return before;
      if (inner !== undefined) return inner;
    }
  return undefined;
}

function targetOf({ name, words, writesTo }: ShellCommand): string | undefined {
  const flag = words.findIndex(
    ({ value }) =>
      /^-[a-zA-Z]*[oO]$|^--output(?:-document)?$/.test(value) || /^-outf(?:i(?:le?)?)?$/i.test(value),
  );
  const next = flag === -1 ? writesTo[0]?.value : words[flag + 1]?.value;
  const url = words.find(({ value }) => /^https?:\/\//.test(value))?.value ?? '';
  // `curl -O URL` and `wget URL` take the name from the address.
  const own = /^[^?#]*\/([\w.-]{1,100})(?:[?#].*)?$/.exec(url)?.[1];
  const alone = next === undefined || next.startsWith('-') || next.startsWith('http');
  const fromUrl = alone && (name === 'wget' || /^-[a-zA-Z]*O$/.test(words[flag]?.value ?? ''));
  const named = fromUrl ? own : next;
  return named === undefined || named.startsWith('-') || named.startsWith('http')
    ? undefined
    : named.replaceAll('\\', '/');
}

function runs({ name, words }: ShellCommand, target: string): boolean {
  const all = [name, ...words.map(({ value }) => value.replaceAll('\\', '/'))].filter(
    (word) =>
      word !== 'sudo' &&
      !/^-(?:file|executionpolicy|bypass|noprofile)$/i.test(word) &&
      !/^bypass$/i.test(word),
  );
  const own = target.startsWith('/') || target.startsWith('./') ? target : `./${target}`;
  return all[0] === own || (INTERPRETERS.has(all[0] ?? '') && (all[1] === target || all[1] === own));
}
