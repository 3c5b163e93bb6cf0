import type { Found } from '../../finding.ts';
import { invocationsIn } from '../../invocations.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { namedPackages } from './named-packages.ts';

export const rule: Rule = {
  id: 'adhoc-packages',
  title: 'A package is installed by its name, outside of any lockfile',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/adhoc-packages', 'scorecard/Pinned-Dependencies'],
  check,
};

const NAMES =
  /\b(?:npm|npx|pnpm|pnpx|yarn|bun|bunx|pip\d?|pipx|uv|uvx|gem|bundle|go|cargo|dotnet|composer|poetry|python\d?|conda|mamba|deno|choco|nuget)\b/;

function* check(subject: Subject): Iterable<Found> {
  for (const one of invocationsIn(subject, NAMES)) {
    const { site, invocation } = one;
    const named = namedPackages(invocation);
    if (named === undefined || named.packages.length === 0) continue;
    const list = named.packages.slice(0, 5).join(', ');
    yield {
      at: one.at,
      message: named.exact
        ? `${invocation.program} installs ${list} by name: what it brings along is in no lockfile`
        : `${invocation.program} installs ${list} by name: whatever version is newest on the day, and what it brings along`,
      fix: named.fix,
      ...(named.exact && { persona: 'pedantic' as const }),
      ...(site.job !== undefined && { job: site.job.id }),
    };
  }
}
