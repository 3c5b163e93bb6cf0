import type { Place } from '../../base/index.ts';
import type { YamlPath } from '../../workflow/index.ts';
import type { Finding } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import type { Site, Subject } from '../subject.ts';

/** Where a step stands in its file. */
export function stepPath({ job, step }: Site): YamlPath {
  return job === undefined ? ['runs', 'steps', step.index] : ['jobs', job.id, 'steps', step.index];
}

/** The steps of the file in which a finding is. */
export function sitesOf(subject: Subject, { at }: Finding): readonly Site[] {
  return subject.sitesIn(at.file);
}

/** The step in which a finding is: the last that begins before it. */
export function siteAround(subject: Subject, finding: Finding): Site | undefined {
  const { line, column } = finding.at;
  let found: Site | undefined;
  for (const site of sitesOf(subject, finding)) {
    const { at } = site.step;
    if (at.line > line || (at.line === line && at.column > column)) continue;
    const known = found?.step.at;
    if (known === undefined || at.line > known.line || (at.line === known.line && at.column >= known.column))
      found = site;
  }
  return found;
}

/** The workflow and the job of a finding. */
export function jobOfFinding(
  subject: Subject,
  { at, job: id }: Finding,
): { readonly file: WorkflowFile; readonly job: JobPart } | undefined {
  const file = workflowOfFinding(subject, at);
  const job = file?.jobs.find((one) => one.id === id);
  return file === undefined || job === undefined ? undefined : { file, job };
}

export function workflowOfFinding(subject: Subject, { file }: Finding['at']): WorkflowFile | undefined {
  return subject.repository.workflows.find(({ source }) => source.path === file);
}

export function isAt(place: Place, { at }: Finding): boolean {
  return (place.line ?? 1) === at.line && (place.column ?? 1) === at.column;
}
