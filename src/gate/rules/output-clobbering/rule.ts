import type { Found } from '../../finding.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { fileCommandsOf } from '../../taint/file-commands.ts';
import { injectedTaint } from '../../taint/script-flow.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, worst } from '../../taint/value.ts';

export const rule: Rule = {
  id: 'output-clobbering',
  title: 'A stranger sets other outputs of a step than the one that is meant',
  severity: 'medium',
  confidence: 'low',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/output-clobbering'],
  check,
};

/** Titles and names have no line break. */
const ONE_LINE =
  /(?:head_ref|head\.(?:ref|label)|head_branch|ref_name|\.ref|default_branch|login|full_name|title|name|email|path)$/;

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const run = subject.scriptText(site);
    const script = run?.text.includes('GITHUB_OUTPUT') === true ? subject.script(site) : undefined;
    if (run === undefined || script === undefined) continue;
    for (const one of fileCommandsOf(script)) {
      if (one.file !== 'GITHUB_OUTPUT') continue;
      const taint = worst(
        injectedTaint(taints, one, site).filter(
          ({ by, holds, origin }) =>
            by === 'stranger' && holds === 'text' && (one.names.length === 0 || !ONE_LINE.test(origin)),
        ),
      );
      if (taint === undefined || !isPrivileged(taint)) continue;
      const at = pieceSpan(site.file.source, run, one.command.text);
      yield {
        at,
        message: `${taint.origin} is written to GITHUB_OUTPUT: a line break in it sets other outputs, on which conditions may hang`,
        fix: 'check it against a pattern first, or write it between delimiters that nobody can guess',
        events: taint.events,
        flow: [...taint.hops, { at, what: 'is written to GITHUB_OUTPUT' }],
        ...(site.job !== undefined && { job: site.job.id }),
      };
    }
  }
}
