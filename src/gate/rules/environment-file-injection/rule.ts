import type { Found } from '../../finding.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { fileCommandsOf, MAY_WRITE } from '../../taint/file-commands.ts';
import { injectedTaint } from '../../taint/script-flow.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, worst } from '../../taint/value.ts';

export const rule: Rule = {
  id: 'environment-file-injection',
  title: 'A stranger\u2019s words are written to a file that the runner obeys',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/github-env', 'codeql/actions/envvar-injection', 'codeql/actions/envpath-injection'],
  check,
};

const ONE_LINE =
  /\.(?:head_ref|head\.(?:ref|label)|head_branch|ref_name|ref|default_branch|login|full_name)$/;

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const run = subject.scriptText(site);
    const script = run === undefined || !MAY_WRITE.test(run.text) ? undefined : subject.script(site);
    if (run === undefined || script === undefined) continue;
    for (const one of fileCommandsOf(script)) {
      const { file, command } = one;
      if (file === 'GITHUB_OUTPUT') continue;
      const decided = injectedTaint(taints, one, site).filter(({ holds }) => holds === 'text');
      const taint = worst(decided.filter(({ by }) => by !== 'caller'));
      if (taint === undefined) continue;
      const at = pieceSpan(site.file.source, run, command.text);
      const what =
        file === 'GITHUB_PATH'
          ? 'where later steps look for programs'
          : 'variables of later steps, LD_PRELOAD or BASH_ENV among them';
      yield {
        at,
        message: `${taint.origin} is written to ${file}: a line break in it sets ${what}`,
        fix: 'use an output of the step instead, or write only what has been checked against a pattern',
        events: taint.events,
        flow: [...taint.hops, { at, what: `is written to ${file}` }],
        // The name of a branch or of an account has no line break: it can set nothing but the variable that is written.
        ...(taint.by === 'writer' ||
        (one.names.length > 0 &&
          ONE_LINE.test(taint.origin) &&
          one.words.every(({ expressions }) => expressions.length === 0))
          ? { severity: 'low', persona: 'pedantic' }
          : isPrivileged(taint)
            ? {}
            : { severity: 'medium' }),
        ...(site.job !== undefined && { job: site.job.id }),
      };
    }
  }
}
