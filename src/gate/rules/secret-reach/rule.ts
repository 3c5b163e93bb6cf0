import type { Found } from '../../finding.ts';
import { EVERY } from '../../reach/holders.ts';
import { waysToSecrets } from '../../reach/reach.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { publishes } from '../../taint/publication.ts';

export const rule: Rule = {
  id: 'secret-reach',
  title: 'A way leads from a stranger to a secret',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§0', '§3'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const ways = Map.groupBy(waysToSecrets(subject), ({ workflow, job }) => `${workflow} ${job}`);
  for (const [first, ...more] of ways.values()) {
    const last = first?.hops.at(-1);
    if (first === undefined || last === undefined) continue;
    const { job, workflow, hops, byCache } = first;
    const names = [first, ...more].map(({ secret }) => secret);
    const what = names.includes(EVERY)
      ? 'every secret'
      : `the ${names.length === 1 ? 'secret' : 'secrets'} ${named(names)}`;
    yield {
      at: last.at,
      job,
      message: `a stranger’s code comes to run where the job ${job} holds ${what}`,
      fix: 'break the way at one of its steps, or hold the secret in a job that takes nothing from a stranger',
      flow: hops,
      // Whether the key of a cache can be met is not followed.
      ...(byCache && { severity: 'medium', confidence: 'low' }),
      // One such way leads to every job with a cache: to where nothing is given to others, it is for who wants them all.
      ...(byCache && !gives(subject, workflow, job) && { persona: 'pedantic' }),
    };
  }
}

function gives(subject: Subject, path: string, id: string): boolean {
  const file = subject.repository.workflows.find(({ source }) => source.path === path);
  const job = file?.jobs.find((one) => one.id === id);
  return file !== undefined && job !== undefined && publishes(subject, { file, job }) !== undefined;
}

const MAX_NAMED = 5;

function named(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
