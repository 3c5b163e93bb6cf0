import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { injectionsIn } from '../../taint/injections.ts';
import { STRANGERS_EVENTS } from '../../taint/sources.ts';
import { taintsOf } from '../../taint/taint.ts';
import { isPrivileged, type Taint } from '../../taint/value.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'template-injection',
  title: 'What somebody else wrote becomes code',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: [
    'zizmor/template-injection',
    'codeql/actions/code-injection',
    'poutine/injection',
    'actionlint/expression',
    'scorecard/Dangerous-Workflow',
  ],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites)
    for (const { at, source, what, taint } of injectionsIn(taints, site))
      yield {
        at,
        message: `${'${{'} ${source} }} becomes part of ${what}, and ${who(taint)} decides what it holds`,
        fix: 'put it into env, and let the script read the variable: "$NAME" is never read as code',
        events: taint.events,
        flow: [...taint.hops, { at, what: `becomes part of ${what}` }],
        ...weight(taint),
        ...(site.job !== undefined && { job: site.job.id }),
      };
}

function who(taint: Taint): string {
  if (taint.by === 'stranger') {
    const strange = taint.events.filter((event) => STRANGERS_EVENTS.has(event));
    return strange.length === 0 ? 'whoever wrote a commit' : `anyone who can start ${strange.join(' or ')}`;
  }
  return taint.by === 'writer' ? `whoever starts ${taint.events.join(' or ')}` : 'whoever calls this';
}

/** A fork's own pull request runs without secrets; what its title does there, its code could do as well. */
function weight(taint: Taint): Partial<Found> {
  if (taint.by === 'writer') return { severity: 'low', confidence: 'medium', persona: 'pedantic' };
  if (taint.by === 'caller') return { severity: 'medium', confidence: 'low' };
  return isPrivileged(taint) ? {} : { severity: 'medium' };
}
