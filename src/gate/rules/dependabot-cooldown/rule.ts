import type { Found } from '../../finding.ts';
import { entryOf, itemsOf, spanOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'dependabot-cooldown',
  title: 'Updates are proposed on the day on which they appear',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/dependabot-cooldown'],
  check,
  mend,
};

const LEAST_DAYS = 7;
/** Ecosystems of Dependabot, all of which have a cooldown (docs.github.com, options of dependabot.yml, 2026-11). */
const KNOWN = new Set(
  `bazel bun bundler cargo composer conda deno devcontainers docker docker-compose dotnet-sdk elm github-actions gitsubmodule gomod gradle helm julia
  maven mix nix npm nuget opentofu pip pre-commit pub rust-toolchain sbt swift terraform uv vcpkg`.split(
    /\s+/,
  ),
);

function* check(subject: Subject): Iterable<Found> {
  for (const { source, tree } of subject.repository.dependabot)
    for (const update of itemsOf(valueOf(tree, 'updates'))) {
      const named = textOf(valueOf(update, 'package-ecosystem'));
      if (named === undefined || !KNOWN.has(named.text)) continue;
      // A limit of none leaves security updates alone, for which there is no cooldown.
      const alone = textOf(valueOf(update, 'open-pull-requests-limit'))?.text === '0';
      const of = alone ? { severity: 'info' as const, persona: 'auditor' as const } : {};
      const cooldown = entryOf(update, 'cooldown');
      const days = textOf(valueOf(cooldown?.value, 'default-days'));
      const fix = `write cooldown: { default-days: ${LEAST_DAYS} }`;
      if (cooldown === undefined)
        yield {
          at: spanOf(source, named.at, named.text.length),
          message: `updates of ${named.text} have no cooldown: most packages that were taken over are found out within days`,
          fix,
          ...of,
        };
      else if (days === undefined)
        yield {
          at: spanOf(source, cooldown.keyAt, 'cooldown'.length),
          message: `the cooldown of ${named.text} has no default-days`,
          fix,
          ...of,
        };
      else if (/^\d+$/.test(days.text) && Number(days.text) < LEAST_DAYS)
        yield {
          at: spanOf(source, days.at, days.text.length),
          message: `the cooldown of ${named.text} is ${days.text} days: most packages that were taken over are found out within ${LEAST_DAYS}`,
          fix,
          ...of,
        };
    }
}
