import type { Span } from './finding.ts';
import { pieceSpan } from './repository/tree.ts';
import { type Invocation, invocationOf } from './shell/invocation.ts';
import type { ShellCommand } from './shell/script.ts';
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
    for (const command of subject.script(site)?.commands ?? []) {
      const invocation = invocationOf(command);
      if (invocation !== undefined)
        yield { site, command, invocation, at: pieceSpan(site.file.source, run, command.text) };
    }
  }
}
