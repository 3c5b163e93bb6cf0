import type { Text } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import { type FileCommand, fileCommandsOf } from '../../taint/file-commands.ts';

export const rule: Rule = {
  id: 'environment-file-writes',
  title: 'What is computed is written to a file that the runner obeys, where a stranger starts it',
  severity: 'low',
  confidence: 'low',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/github-env'],
  check,
};

/** Events that run a stranger's work beside the repository's rights. */
const EVENTS = new Set(['pull_request_target', 'workflow_run', 'issue_comment']);

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const { run } = site.step;
    if (run === undefined || !/GITHUB_(?:ENV|PATH)/.test(run.text) || !isExposed(subject, site)) continue;
    const script = subject.script(site);
    if (script === undefined) {
      for (const one of lines(site, run)) yield { ...one, ...inside(subject, site) };
      continue;
    }
    for (const one of fileCommandsOf(script)) {
      if (one.file === 'GITHUB_OUTPUT' || isWrittenOut(one)) continue;
      yield {
        ...found(site, pieceSpan(site.file.source, run, one.command.text), one.file),
        ...inside(subject, site),
      };
    }
  }
}

/** An action that only this repository's harmless runs are known to use may be used by others all the same. */
function inside(subject: Subject, { file }: Site): Partial<Found> {
  const reaching = subject.reaching(file);
  return reaching.length > 0 && !reaching.some(({ event }) => EVENTS.has(event))
    ? { persona: 'auditor' }
    : {};
}

/** Of a published action nobody knows what starts it. */
function isExposed(subject: Subject, { file }: Site): boolean {
  return file.kind === 'action' || subject.reaching(file).some(({ event }) => EVENTS.has(event));
}

/** Cmdlets of PowerShell that write what they are given. */
const CMDLETS = new Set(['out-file', 'set-content', 'add-content']);

/** Whether all that is written stands in the script. */
function isWrittenOut({ command, words, open: given }: FileCommand): boolean {
  if (given !== undefined || command.name.includes(':'))
    return (given ?? words).every(
      ({ variables, expressions, made }) => variables.length + expressions.length + made.length === 0,
    );
  if (!['echo', 'printf', 'cat', 'tee', 'true', ':', ...CMDLETS].includes(command.name)) return false;
  const target = new Set([...command.writesTo, ...(command.name === 'tee' ? command.words : [])]);
  const said = words.filter((word) => !target.has(word) && !word.value.startsWith('-'));
  const open = said.some(
    ({ variables, expressions, made }) =>
      variables.length + expressions.length > 0 || made.some((one) => one !== command.pipedFrom),
  );
  if (open) return false;
  // Of `cat file` and of a pipe only what is fed is known.
  const piped = command.pipedFrom;
  if (CMDLETS.has(command.name) && piped === undefined) return true;
  if (command.name === 'tee' || CMDLETS.has(command.name))
    return piped !== undefined && ['echo', 'printf'].includes(piped.name);
  return command.name !== 'cat' || (command.fed.length > 0 && command.words.length === 0);
}

const MAX_LINES = 2_000;
/** A line of another shell that writes something computed: `$env:GITHUB_ENV` of PowerShell, `%GITHUB_ENV%` of cmd. */
const WRITES = /(?:\$\{?env:|%)GITHUB_(ENV|PATH)\b/i;

function* lines(site: Site, run: Text): Iterable<Found> {
  for (const line of run.text.split('\n').slice(0, MAX_LINES)) {
    const [whole, file] = WRITES.exec(line.slice(0, 2_000)) ?? [];
    if (whole === undefined || file === undefined || !/>>?|Out-File|Add-Content|Set-Content|tee/i.test(line))
      continue;
    const rest = line.replace(WRITES, '');
    if (/\$[\w({]|%\w+%/.test(rest) || !/["']|echo/i.test(rest))
      yield found(site, pieceSpan(site.file.source, run, line.trim()), `GITHUB_${file.toUpperCase()}`);
  }
}

function found({ job }: Site, at: Found['at'], file: string): Found {
  return {
    at,
    message: `what is written to ${file} is computed, and a line break in it sets variables of later steps`,
    fix: 'use an output of the step instead, or write only what has been checked against a pattern',
    ...(job !== undefined && { job: job.id }),
  };
}
