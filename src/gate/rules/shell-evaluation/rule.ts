import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Text } from '../../../workflow/index.ts';
import type { Site, Subject } from '../../subject.ts';
import { pieceSpan } from '../../repository/tree.ts';
import { variableTaint } from '../../taint/script-flow.ts';
import { codeOf, MAY_RUN } from '../../taint/evaluations.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, worst } from '../../taint/value.ts';
import type { ShellCommand, ShellScript } from '../../shell/script.ts';
import { hasLanguage, openArguments } from './arguments.ts';

export const rule: Rule = {
  id: 'shell-evaluation',
  title: 'A shell reads a variable of a stranger as code',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/command-injection', 'codeql/actions/argument-injection'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const run = subject.scriptText(site);
    // Of github-script most runs nothing.
    if (run === undefined || (subject.language(site) === 'javascript' && !MAY_RUN.test(run.text))) continue;
    const script = subject.script(site);
    if (script !== undefined && script.language !== 'cmd') yield* argumentsIn(subject, site, script, run);
    for (const command of script?.commands ?? [])
      for (const word of codeOf(command)) {
        const taint = worst(
          variableTaint(taints, word, site).filter(({ by, holds }) => by === 'stranger' && holds === 'text'),
        );
        if (taint === undefined) continue;
        const at = pieceSpan(site.file.source, run, command.text);
        yield {
          at,
          ...(script?.language === 'cmd' && command.code?.includes(word) === true
            ? {
                message: `cmd puts what ${word.text.slice(0, 80)} holds into its line and reads that as code, in quotes or not, and a stranger decides what it holds (${taint.origin})`,
                fix: 'use pwsh or bash; or setlocal EnableDelayedExpansion, and !NAME! in the place of %NAME%',
              }
            : {
                message: `${shown(command.name)} reads ${word.text.slice(0, 80)} as code, and a stranger decides what it holds (${taint.origin})`,
                fix: 'give it to the program as an argument or a variable, never as a part of its code',
              }),
          events: taint.events,
          flow: [...taint.hops, { at, what: 'is read as code' }],
          ...(!isPrivileged(taint) && { severity: 'medium' }),
          ...(site.job !== undefined && { job: site.job.id }),
        };
      }
  }
}

/** Options and lines of a program's own language that a stranger decides. */
function* argumentsIn(subject: Subject, site: Site, script: ShellScript, run: Text): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const command of script.commands)
    for (const word of openArguments(script.language === 'bash' ? command : unsplit(command))) {
      const taint = worst(
        variableTaint(taints, word, site).filter(
          ({ by, holds, origin }) =>
            by === 'stranger' &&
            holds === 'text' &&
            // The name of a branch begins with no dash, and has no space.
            (hasLanguage(command) || !/head_ref$|head\.ref$|head_branch$/.test(origin)),
        ),
      );
      if (taint === undefined) continue;
      const at = pieceSpan(site.file.source, run, command.text);
      yield {
        at,
        message: `${shown(command.name)} is told by ${word.text.slice(0, 80)} what to do, which may be to start another program, and a stranger decides what it holds (${taint.origin})`,
        fix: 'check the value against a pattern first; put -- before it; let no value into a program of sed or awk (awk -v NAME="$NAME")',
        severity: isPrivileged(taint) ? 'high' : 'medium',
        confidence: 'medium',
        events: taint.events,
        flow: [...taint.hops, { at, what: 'is an argument that may start another program' }],
        ...(site.job !== undefined && { job: site.job.id }),
      };
    }
}

/** Elsewhere than in Bash a variable is one argument, whatever it holds; where the text says otherwise, blanks of it split it. */
function unsplit(command: ShellCommand): ShellCommand {
  const words = command.words.map((word) =>
    word.text.includes('$') && word.text === word.value ? word : { ...word, text: `"${word.value}"` },
  );
  return { ...command, words };
}

/** `powershell:scriptblock::create` is the function by its own name. */
function shown(name: string): string {
  return name.replace(/^(?:powershell|python|javascript):/, '').slice(0, 60) || 'the shell';
}
