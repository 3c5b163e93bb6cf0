import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'container-limits',
  title: 'A container may take all of the machine, or is root in it',
  severity: 'low',
  confidence: 'medium',
  persona: 'auditor',
  looksAt: 'connected',
  guide: ['§1', '§5'],
  alsoKnownAs: [],
  check,
};

const LIMITS: readonly (readonly [string, RegExp])[] = [
  ['memory', /(?:^|\s)(?:--memory|-m)[=\s]/],
  ['processors', /(?:^|\s)--(?:cpus|cpu-quota)[=\s]/],
  ['processes', /(?:^|\s)--pids-limit[=\s]/],
];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const own = job.container === undefined ? [] : [{ container: job.container, what: 'its container' }];
      for (const { container, what } of [
        ...own,
        ...job.services.map((service) => ({ container: service, what: 'a service' })),
      ]) {
        const options = container.options?.text ?? '';
        if (options.includes('${{')) continue;
        const missing = LIMITS.filter(([, option]) => !option.test(options)).map(([name]) => name);
        const root = what === 'its container' && !/(?:^|\s)(?:--user|-u)[=\s](?!0\b|root\b)/.test(options);
        if (missing.length === 0 && !root) continue;
        const said = [
          ...(missing.length === 0 ? [] : [`has no limit of ${missing.join(', ')}`]),
          ...(root ? ['may run as root'] : []),
        ];
        yield {
          at: container.at,
          job: job.id,
          message: `${what} of the job ${job.id} ${said.join(' and ')}`,
          fix: 'add options: --memory 2g --cpus 2 --pids-limit 512, and --user for the container of a job',
        };
      }
    }
}
