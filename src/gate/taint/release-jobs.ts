import type { JobPart, WorkflowFile } from '../repository/model.ts';
import type { Subject } from '../subject.ts';
import { jobsById } from '../syntax/needs.ts';
import { type Publication, publishes } from './publication.ts';

/** A job in which something is made that is then given to others: it publishes, or one that waits for it takes from it and does. */
export interface ReleaseJob {
  readonly file: WorkflowFile;
  readonly job: JobPart;
  /** What gives it to others, in this job or in the later one. */
  readonly published: Publication;
}

const MADE = new Set(['package', 'image', 'release']);

/** All jobs that make what is released as a package, an image, or files of a release. */
export function releaseJobs(subject: Subject): readonly ReleaseJob[] {
  return subject.once(find);
}

function find(subject: Subject): readonly ReleaseJob[] {
  return subject.repository.workflows.flatMap((file) => {
    const found = new Map<JobPart, Publication>();
    for (const job of file.jobs) {
      const published = publishes(subject, { file, job });
      if (published === undefined || !MADE.has(published.kind)) continue;
      found.set(job, published);
      if (!job.steps.some(takesArtifact)) continue;
      for (const before of neededBy(file, job))
        if (!found.has(before) && before.steps.some(leavesArtifact)) found.set(before, published);
    }
    return [...found].map(([job, published]) => ({ file, job, published }));
  });
}

/** The jobs that a job waits for, at whatever distance. */
export function neededBy(file: WorkflowFile, job: JobPart): readonly JobPart[] {
  const byId = jobsById(file.jobs);
  const found = new Set<JobPart>();
  const open = job.needs.toReversed();
  for (let need = open.pop(); need !== undefined; need = open.pop()) {
    const before = byId.get(need.text);
    if (before === undefined || before === job || found.has(before)) continue;
    found.add(before);
    for (const one of before.needs.toReversed()) open.push(one);
  }
  return [...found];
}

export function takesArtifact({ uses }: JobPart['steps'][number]): boolean {
  return uses?.kind === 'repository' && /(?:^|\/)(?:action-)?download-artifact$/.test(uses.repository);
}

function leavesArtifact({ uses }: JobPart['steps'][number]): boolean {
  return uses?.kind === 'repository' && uses.repository === 'actions/upload-artifact';
}
