import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'unpinned-tools',
  title: 'A tool is installed in whatever version is newest',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/unpinned-tools'],
  check,
};

/** Values that stand for the newest. */
const NEWEST = /^(?:latest|newest|nightly|edge|canary|head|main|master|dev|\*|current|tip)$/i;
/** Values that stand for the newest of a kind that is taken care of. */
const NEWEST_OF_KIND = /^(?:lts(?:\/[*a-z-]+)?|stable|oldstable|node|x|\d+\.x|>=?\s*\d.*|lts\/-\d)$/i;
const VERSION = /(?:^|[-_])(?:version|versions|release|channel|tag)$/i;
/** Actions that install one tool, in the newest version unless they are told another. */
const BY_DEFAULT: Readonly<Record<string, string>> = {
  'astral-sh/setup-uv': 'version',
  'astral-sh/ruff-action': 'version',
  'oven-sh/setup-bun': 'bun-version',
  'golangci/golangci-lint-action': 'version',
  'goreleaser/goreleaser-action': 'version',
  'azure/setup-helm': 'version',
  'azure/setup-kubectl': 'version',
  'hashicorp/setup-terraform': 'terraform_version',
  'aquasecurity/setup-trivy': 'version',
  '1password/load-secrets-action': 'version',
  'jdx/mise-action': 'version',
  'snok/install-poetry': 'version',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step, uses, at } of repositoryUses(subject)) {
    if (step === undefined) continue;
    const of = job === undefined ? {} : { job: job.id };
    const installs = /setup|install|-lint|mise|toolchain|goreleaser|wrangler/.test(uses.repository);
    for (const { name, value } of step.with) {
      if (!VERSION.test(name) || (!installs && !NEWEST.test(value.text.trim()))) continue;
      const text = value.text.trim();
      if (!NEWEST.test(text) && !NEWEST_OF_KIND.test(text)) continue;
      if (name.toLowerCase() === 'tag' && !installs) continue;
      yield {
        ...of,
        at: spanOf(file.source, value.at, value.text.length),
        message: `${uses.repository} installs whatever ${name} ${text} is on the day`,
        fix: 'name a version',
        ...(!NEWEST.test(text) && { persona: 'pedantic' as const }),
      };
    }
    const input = Object.hasOwn(BY_DEFAULT, uses.repository) ? BY_DEFAULT[uses.repository] : undefined;
    const named =
      input === undefined ? undefined : step.with.find(({ name }) => name.toLowerCase() === input);
    if (named?.value.text.includes('${{') === true && uses.repository === 'aquasecurity/setup-trivy')
      yield {
        ...of,
        at: spanOf(file.source, named.value.at, named.value.text.length),
        persona: 'auditor',
        confidence: 'low',
        message: `which ${input} ${uses.repository} installs is decided elsewhere`,
        fix: 'name a version',
      };
    if (
      input === undefined ||
      step.with.some(
        ({ name }) => name.toLowerCase().startsWith(input.replace(/[-_]?version$/, '')) && VERSION.test(name),
      )
    )
      continue;
    if (step.with.some(({ name }) => /version-file|version_file|working-directory/.test(name))) continue;
    yield {
      ...of,
      at,
      // Those that take what they fetch for good, without a digest of it.
      ...(!/^(?:aquasecurity\/setup-trivy|1password\/load-secrets-action)$/.test(uses.repository) && {
        persona: 'pedantic' as const,
      }),
      message: `${uses.repository} installs the newest version, as it is told none`,
      fix: `give it ${input}`,
    };
  }
}
