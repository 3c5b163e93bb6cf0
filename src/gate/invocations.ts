import type { Span } from './finding.ts';
import { pieceSpan } from './repository/tree.ts';
import { type Invocation, invocationOf } from './shell/invocation.ts';
import type { ShellCommand, ShellScript } from './shell/script.ts';
import type { Site, Subject } from './subject.ts';

/** A program that a step\u2019s script starts. */
export interface PlacedInvocation {
  readonly site: Site;
  readonly command: ShellCommand;
  readonly invocation: Invocation;
  readonly at: Span;
}

/** Every program that a script starts by a name that is written out, in whatever language it is. `mayHold` leaves scripts out that cannot hold it. */
export function* invocationsIn(subject: Subject, mayHold: RegExp): Iterable<PlacedInvocation> {
  for (const site of subject.sites) {
    const run = subject.scriptText(site);
    if (run === undefined || !mayHold.test(run.text)) continue;
    const script = subject.script(site);
    if (script === undefined) continue;
    for (const { command, invocation } of startedBy(script))
      yield {
        site,
        command,
        invocation,
        // Where it stands is looked for when it is told.
        get at() {
          return pieceSpan(site.file.source, run, command.text);
        },
      };
  }
}

type Started = Pick<PlacedInvocation, 'command' | 'invocation'>;

/** Of scripts that were looked at: it follows from the script alone, and several rules ask. */
const STARTED = new WeakMap<ShellScript, readonly Started[]>();

function startedBy(script: ShellScript): readonly Started[] {
  const known = STARTED.get(script);
  if (known !== undefined) return known;
  const found: Started[] = [];
  for (const command of script.commands) {
    const invocation = invocationOf(command);
    if (invocation !== undefined) found.push({ command, invocation });
  }
  STARTED.set(script, found);
  return found;
}
