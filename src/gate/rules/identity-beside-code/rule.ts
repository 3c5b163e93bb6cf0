import type { Found, Hop } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { takenJobs, takeoversIn } from '../../reach/takeovers.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { grantedTo } from '../../token/least.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'identity-beside-code',
  title: 'Code of others runs where the workflow’s identity can be asked for',
  severity: 'medium',
  confidence: 'medium',
  persona: 'pedantic',
  guide: ['§3', '§6'],
  alsoKnownAs: [],
  check,
};

/** Commands that run what packages bring along. */
const INSTALLS: Readonly<Record<string, readonly string[]>> = {
  npm: ['ci', 'install', 'i', 'exec', 'update'],
  pnpm: ['install', 'i', 'add', 'dlx'],
  yarn: ['', 'install', 'add', 'dlx'],
  bun: ['install', 'i', 'add'],
  npx: ['*'],
  bunx: ['*'],
  pip: ['install'],
  pip3: ['install'],
  uv: ['sync', 'pip', 'add'],
  poetry: ['install'],
  bundle: ['install'],
  gem: ['install'],
  cargo: ['build', 'test', 'install', 'run'],
  composer: ['install', 'update'],
};

function* check(subject: Subject): Iterable<Found> {
  const taken = takenJobs(takeoversIn(subject));
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const granted = grantedTo(file, job)?.scopes.find(
        ({ scope, level }) => scope === 'id-token' && level === 'write',
      );
      if (granted === undefined) continue;
      const takeover = taken.get(job)?.takeover;
      const hop = takeover?.hops.at(-1) ?? installs(subject, file, job);
      if (hop === undefined) continue;
      yield {
        at: granted.at,
        job: job.id,
        message:
          takeover === undefined
            ? `the job ${job.id} may ask for the workflow’s identity, and runs what packages bring along`
            : `the job ${job.id} may ask for the workflow’s identity, and a stranger’s code comes to run in it`,
        fix: 'build in a job without id-token, and publish in one that only publishes',
        flow: [...(takeover?.hops ?? [hop]), { at: granted.at, what: 'may ask for the identity' }],
        ...(takeover !== undefined && { severity: 'high', persona: 'default', events: takeover.events }),
      };
    }
}

function installs(subject: Subject, file: WorkflowFile, job: JobPart): Hop | undefined {
  for (const step of job.steps) {
    const { run } = step;
    if (run === undefined) continue;
    for (const { name, words, text } of subject.script({ file, job, step })?.commands ?? []) {
      const values = words.map(({ value }) => value);
      const first = values.find((word) => !word.startsWith('-')) ?? '';
      const known = row(INSTALLS, name) ?? [];
      if ((known.includes(first) || known.includes('*')) && !values.includes('--ignore-scripts'))
        return { at: pieceSpan(file.source, run, text), what: 'runs what packages bring along' };
    }
  }
  return undefined;
}
