import type { Found } from '../../finding.ts';
import { invocationsIn } from '../../invocations.ts';
import type { Rule } from '../../rule.ts';
import { hasOption, type Invocation, operands } from '../../shell/invocation.ts';
import type { Site, Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'missing-lockfile-install',
  title: 'Packages are installed that no lockfile holds',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['scorecard/Pinned-Dependencies'],
  check,
  mend,
};

const NAMES = /\b(?:npm|yarn|pnpm|bun|pip|uv|bundle|cargo|composer|poetry|pipenv)\b/;

interface Loose {
  readonly why: string;
  readonly fix: string;
  readonly pedantic?: boolean;
}

function* check(subject: Subject): Iterable<Found> {
  for (const one of invocationsIn(subject, NAMES)) {
    const { site, invocation } = one;
    // yarn 2 and later hold to the lockfile wherever CI is set; it is corepack that brings them.
    if (invocation.program === 'yarn' && modernYarn(site)) continue;
    const loose = looseInstall(invocation, (name) =>
      [...site.step.env, ...(site.job?.env ?? []), ...('env' in site.file ? site.file.env : [])].some(
        (one) => one.name === name,
      ),
    );
    if (loose === undefined) continue;
    yield {
      at: one.at,
      message: loose.why,
      fix: loose.fix,
      ...(loose.pedantic === true && { persona: 'pedantic' as const }),
      ...(site.job !== undefined && { job: site.job.id }),
    };
  }
}

function modernYarn({ job, step }: Site): boolean {
  return [...(job?.steps ?? []), step].some(
    ({ run, with: given }) =>
      /\bcorepack\b|\byarn (?:set version|dlx|workspaces focus)\b/.test(run?.text ?? '') ||
      given.some(({ name }) => name === 'corepack'),
  );
}

/** An install of what a manifest names, and not of what a lockfile holds. Packages that are named on the line are another rule\u2019s. */
function looseInstall(invocation: Invocation, isSet: (variable: string) => boolean): Loose | undefined {
  const { program } = invocation;
  const [first, ...more] = operands(invocation, [
    '-r',
    '--requirement',
    '-c',
    '--constraint',
    '--prefix',
    '-C',
    '--cwd',
    '--dir',
    '--filter',
    '-i',
    '--index-url',
    '--extra-index-url',
    '-t',
    '--target',
  ]).map(({ value }) => value);
  if (hasOption(invocation, '--version', '-v', '--help', '-g', '--global', '--dry-run')) return undefined;
  switch (program) {
    case 'npm':
      return ['install', 'i', 'it', 'install-test', 'update'].includes(first ?? '') &&
        more.length === 0 &&
        !hasOption(invocation, '--package-lock-only')
        ? {
            why: `npm ${first} takes newer packages than the lockfile holds, and rewrites it`,
            fix: 'use npm ci',
          }
        : undefined;
    case 'yarn':
      return (first === undefined || first === 'install') &&
        !hasOption(invocation, '--immutable', '--frozen-lockfile', '--mode', '--production') &&
        !isSet('YARN_ENABLE_IMMUTABLE_INSTALLS')
        ? {
            why: 'yarn may take newer packages than the lockfile holds',
            fix: 'use yarn install --immutable (yarn 1: --frozen-lockfile)',
          }
        : undefined;
    case 'pnpm':
      return ['install', 'i'].includes(first ?? '') &&
        more.length === 0 &&
        hasOption(invocation, '--no-frozen-lockfile')
        ? {
            why: 'pnpm is told to take newer packages than the lockfile holds',
            fix: 'use pnpm install --frozen-lockfile',
          }
        : undefined;
    case 'bun':
      return ['install', 'i'].includes(first ?? '') &&
        more.length === 0 &&
        !hasOption(invocation, '--frozen-lockfile')
        ? {
            why: 'bun install may take newer packages than the lockfile holds',
            fix: 'use bun install --frozen-lockfile',
          }
        : undefined;
    case 'pip':
      return first === 'install' &&
        hasOption(invocation, '-r', '--requirement') &&
        !hasOption(invocation, '--require-hashes', '--no-index') &&
        !isSet('PIP_REQUIRE_HASHES')
        ? {
            why: 'pip installs what a list names, and compares no digest',
            fix: 'write digests into the list (pip-compile --generate-hashes), and use pip install --require-hashes -r',
            pedantic: true,
          }
        : undefined;
    case 'uv':
      return first === 'sync' &&
        !hasOption(invocation, '--locked', '--frozen') &&
        !isSet('UV_LOCKED') &&
        !isSet('UV_FROZEN')
        ? {
            why: 'uv sync may take newer packages than the lockfile holds',
            fix: 'use uv sync --locked',
            pedantic: true,
          }
        : undefined;
    case 'bundle':
      return (first === undefined || first === 'install') &&
        !hasOption(invocation, '--frozen', '--deployment', '--local') &&
        !isSet('BUNDLE_FROZEN') &&
        !isSet('BUNDLE_DEPLOYMENT')
        ? {
            why: 'bundle install may take newer gems than the lockfile holds',
            fix: 'set BUNDLE_FROZEN: true',
            pedantic: true,
          }
        : first === 'update'
          ? {
              why: 'bundle update takes newer gems than the lockfile holds',
              fix: 'use bundle install with BUNDLE_FROZEN: true',
            }
          : undefined;
    case 'cargo':
      return ['build', 'test', 'run', 'check', 'clippy', 'doc', 'publish', 'b', 't', 'r', 'c'].includes(
        first ?? '',
      ) && !hasOption(invocation, '--locked', '--frozen', '--offline')
        ? {
            why: `cargo ${first} may take newer crates than the lockfile holds`,
            fix: `use cargo ${first} --locked`,
            pedantic: true,
          }
        : undefined;
    case 'composer':
      return first === 'update' && more.length === 0
        ? { why: 'composer update takes newer packages than the lockfile holds', fix: 'use composer install' }
        : undefined;
    case 'pipenv':
      return first === 'install' &&
        more.length === 0 &&
        !hasOption(invocation, '--deploy', '--ignore-pipfile')
        ? {
            why: 'pipenv install may take newer packages than the lockfile holds',
            fix: 'use pipenv sync, or pipenv install --deploy',
          }
        : undefined;
    default:
      return undefined;
  }
}
