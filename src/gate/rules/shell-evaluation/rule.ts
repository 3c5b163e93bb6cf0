import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pieceSpan } from '../../repository/tree.ts';
import { variableTaint } from '../../taint/script-flow.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, worst } from '../../taint/value.ts';
import type { ShellCommand, ShellWord } from '../../shell/script.ts';

export const rule: Rule = {
  id: 'shell-evaluation',
  title: 'A shell reads a variable of a stranger as code',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/command-injection', 'codeql/actions/argument-injection'],
  check,
};

const SHELLS = new Set(['bash', 'sh', 'zsh', 'dash', 'su', 'ssh', 'xargs', 'env', 'sudo', 'timeout']);
const CODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  python: ['-c'],
  python3: ['-c'],
  node: ['-e', '--eval', '-p'],
  perl: ['-e'],
  ruby: ['-e'],
  php: ['-r'],
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const { run } = site.step;
    if (run === undefined) continue;
    for (const command of subject.script(site)?.commands ?? [])
      for (const word of codeOf(command)) {
        const taint = worst(
          variableTaint(taints, word, site).filter(({ by, holds }) => by === 'stranger' && holds === 'text'),
        );
        if (taint === undefined) continue;
        const at = pieceSpan(site.file.source, run, command.text);
        yield {
          at,
          message: `${command.name} reads ${word.text.slice(0, 80)} as code, and a stranger decides what it holds (${taint.origin})`,
          fix: 'give it to the program as an argument or a variable, never as a part of its code',
          events: taint.events,
          flow: [...taint.hops, { at, what: 'is read as code' }],
          ...(!isPrivileged(taint) && { severity: 'medium' }),
          ...(site.job !== undefined && { job: site.job.id }),
        };
      }
  }
}

/** The words of a command that it reads as code. */
function codeOf({ name, words }: ShellCommand): readonly ShellWord[] {
  if (name === 'eval') return words;
  const flags = CODE_FLAGS[name] ?? (SHELLS.has(name) ? ['-c'] : []);
  return words.filter((_, index) => flags.includes(words[index - 1]?.value ?? ''));
}
