import type { YamlPath } from '../../../workflow/index.ts';
import type { MendPlan, Safety } from '../../fix/mend.ts';
import { isAt, workflowOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { JobPart, PermissionsPart, WorkflowFile } from '../../repository/model.ts';
import type { Subject } from '../../subject.ts';
import { leastOf } from '../../token/least.ts';

const AFTER = ['on', 'run-name', 'name'];
/** Words of a script in which the token may be in use through the credentials that checkout leaves. */
const HIDDEN =
  /\b(?:git|gh|hub|release|publish|deploy|lerna|changeset|goreleaser|semantic-release|mike|standard-version)\b/i;
/** The job\u2019s token, by all its names. */
const TOKEN =
  /\bgithub\s*\.\s*token\b|\bGITHUB_TOKEN\b|\btoJSON\s*\(\s*(?:github|secrets)\s*\)|\bsecrets\s*\[/i;

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const file = workflowOfFinding(subject, finding.at);
  if (file === undefined) return undefined;
  const job = file.jobs.find(({ id }) => id === finding.job);
  if (job !== undefined && job.permissions === undefined && file.permissions === undefined)
    return missing(subject, file, job);
  const own =
    job?.permissions === undefined
      ? undefined
      : { part: job.permissions, path: ['jobs', job.id, 'permissions'] };
  const granted =
    own ?? (file.permissions === undefined ? undefined : { part: file.permissions, path: ['permissions'] });
  if (granted === undefined) return undefined;
  if (granted.part.all === undefined)
    return job === undefined ? undefined : unused(subject, file, job, granted, finding);
  const jobs = own === undefined ? file.jobs.filter(({ permissions }) => permissions === undefined) : [job];
  const needed = union(jobs.map((one) => (one === undefined ? undefined : neededBy(subject, file, one))));
  return needed === undefined || !isAt(granted.part.at, finding)
    ? undefined
    : {
        title: `grant ${told(needed)}`,
        safety: safetyOf(needed),
        operations: [{ kind: 'set', path: granted.path, value: needed }],
      };
}

/** One line for all jobs where reading is enough; else the jobs each say what they need; else a guess that a person looks at. */
function missing(subject: Subject, file: WorkflowFile, job: JobPart): MendPlan {
  const all = union(
    file.jobs.map((one) => (one.permissions !== undefined ? {} : neededBy(subject, file, one))),
  );
  const own = neededBy(subject, file, job);
  if (own !== undefined && (all === undefined || Object.values(all).includes('write')))
    return {
      title: `grant the job ${told(own)}`,
      safety: safetyOf(own),
      operations: [
        {
          kind: 'set',
          path: ['jobs', job.id, 'permissions'],
          value: own,
          after: ['runs-on', 'uses', 'needs', 'name'],
        },
      ],
    };
  const granted = all ?? { contents: 'read' };
  return {
    title: `grant every job ${told(granted)}`,
    safety: all === undefined ? 'unsafe' : 'safe',
    operations: [{ kind: 'set', path: ['permissions'], value: granted, after: AFTER }],
  };
}

function unused(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  { part, path }: { readonly part: PermissionsPart; readonly path: YamlPath },
  finding: Finding,
): MendPlan | undefined {
  const found = part.scopes.find(({ at }) => isAt(at, finding));
  const { scopes, whole } = leastOf(subject, file, job);
  if (found === undefined || !whole || scopes.get(found.scope) === 'write') return undefined;
  const level = scopes.get(found.scope) === 'read' ? 'read' : 'none';
  const at = [...path, found.scope];
  return {
    title: `grant ${found.scope}: ${level}`,
    // What actions do with a token is a table, which may lack something.
    safety: 'unsafe',
    operations: [
      // Without any scope the token would have the default again.
      level === 'read' || part.scopes.length === 1
        ? { kind: 'set', path: at, value: level }
        : { kind: 'remove', path: at },
    ],
  };
}

/** What is only read is the same for everybody; of what is written the table of actions may lack something. */
function safetyOf(grants: Grants): Safety {
  return Object.values(grants).includes('write') ? 'unsafe' : 'safe';
}

type Grants = Readonly<Record<string, string>>;

/** What a job needs of its token, when that can be said; a program that is not given the token reads the repository at most. */
function neededBy(subject: Subject, file: WorkflowFile, job: JobPart): Grants | undefined {
  if (job.uses !== undefined || job.steps.length === 0) return undefined;
  const env = [...file.env, ...job.env].map(({ value }) => value.text).join('\n');
  if (TOKEN.test(env)) return undefined;
  const parts = job.steps.map((step): Grants | undefined => {
    const { scopes, whole } = leastOf(subject, file, { ...job, steps: [step] });
    const given = [...step.env, ...step.with].map(({ value }) => value.text).join('\n');
    if (step.run === undefined) return whole ? Object.fromEntries(scopes) : undefined;
    if (TOKEN.test(given) || TOKEN.test(step.run.text)) return undefined;
    if (whole) return Object.fromEntries(scopes);
    return HIDDEN.test(step.run.text) ? undefined : { contents: 'read' };
  });
  return union(parts);
}

function union(all: readonly (Grants | undefined)[]): Grants | undefined {
  const found = new Map<string, string>();
  for (const one of all) {
    if (one === undefined) return undefined;
    for (const [scope, level] of Object.entries(one))
      if (found.get(scope) !== 'write') found.set(scope, level);
  }
  return Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function told(grants: Grants): string {
  const list = Object.entries(grants).map(([scope, level]) => `${scope}: ${level}`);
  return list.length === 0 ? 'nothing' : list.join(', ');
}
