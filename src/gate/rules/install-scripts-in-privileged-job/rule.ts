import { expressionsIn } from '../../../workflow/index.ts';
import type { Assignment } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import { invocationsIn } from '../../invocations.ts';
import type { Rule } from '../../rule.ts';
import { hasOption, type Invocation, operands } from '../../shell/invocation.ts';
import type { Site, Subject } from '../../subject.ts';
import { grantedTo } from '../../token/least.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'install-scripts-in-privileged-job',
  title: 'Install scripts of packages run where there is a secret to take',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3', '§6'],
  alsoKnownAs: [],
  check,
};

/** Installs after which packages\u2019 own scripts run, by default. */
const INSTALLS: Readonly<Record<string, readonly string[]>> = {
  npm: ['ci', 'install', 'i', 'clean-install', 'install-test'],
  yarn: ['', 'install'],
  pnpm: ['install', 'i'],
};

function* check(subject: Subject): Iterable<Found> {
  for (const one of invocationsIn(subject, /\b(?:npm|yarn|pnpm)\b/)) {
    const { site, invocation } = one;
    if (!runsScripts(invocation, site)) continue;
    const job = site.job === undefined ? {} : { job: site.job.id };
    const secret = secretIn([
      ...site.step.env,
      ...(site.job?.env ?? []),
      ...('env' in site.file ? site.file.env : []),
    ]);
    const fix = 'install with --ignore-scripts, or in a step and a job that hold nothing';
    if (secret !== undefined) {
      yield { at: one.at, fix, message: `the scripts of every package run beside ${secret}`, ...job };
      continue;
    }
    const granted =
      site.file.kind === 'workflow' && site.job !== undefined ? grantedTo(site.file, site.job) : undefined;
    const scope = granted?.scopes.find(
      (one) =>
        one.level === 'write' &&
        ['contents', 'packages', 'id-token', 'actions', 'deployments'].includes(one.scope),
    );
    if (scope !== undefined)
      yield {
        at: one.at,
        fix,
        severity: 'low',
        persona: 'pedantic',
        message: `the scripts of every package run in a job whose token has ${scope.scope}: write`,
        ...job,
      };
  }
}

function runsScripts(invocation: Invocation, { step, job, file }: Site): boolean {
  const [first = ''] = operands(invocation, ['--prefix', '-C', '--cwd', '--dir', '--filter']).map(
    ({ value }) => value,
  );
  if (row(INSTALLS, invocation.program)?.includes(first) !== true) return false;
  if (hasOption(invocation, '--ignore-scripts', '--mode', '--version', '--help', '-v')) return false;
  const set = [...step.env, ...(job?.env ?? []), ...('env' in file ? file.env : [])];
  return !set.some(
    ({ name, value }) =>
      /^(?:npm_config_ignore_scripts|yarn_enable_scripts)$/i.test(name) &&
      /^(?:true|1|false|0)$/i.test(value.text),
  );
}

function secretIn(set: readonly Assignment[]): string | undefined {
  for (const { value } of set)
    for (const source of expressionsIn(value.text)) {
      const [, name] = /\bsecrets\.([A-Za-z_]\w{0,100})/.exec(source) ?? [];
      if (name !== undefined && name.toUpperCase() !== 'GITHUB_TOKEN') return `the secret ${name}`;
    }
  return undefined;
}
