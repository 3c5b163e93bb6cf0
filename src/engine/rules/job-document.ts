import type { JobInput, StepInput, WorkflowInput } from '../../custom-rules/index.ts';
import { type JobPart, holdersIn, type StepPart, type Subject, type WorkflowFile } from '../../gate/index.ts';
import type { ZoneId } from '../../zone/index.ts';

/** What a document says of a workflow's file. */
export function workflowDocument({ source, name, triggers }: WorkflowFile): WorkflowInput {
  return { path: source.path, name: name?.text ?? '', triggers: triggers.map(({ event }) => event) };
}

/** What a document says of a job as it is written, in a zone. */
export function jobDocument(subject: Subject, file: WorkflowFile, job: JobPart, zone: ZoneId): JobInput {
  const permissions = job.permissions ?? file.permissions;
  const minutes = Number(job.timeout?.text ?? '0');
  return {
    id: job.id,
    zone,
    runsOn: job.runsOn.map(({ text }) => text),
    environment: job.environment?.text ?? '',
    image: job.container?.image?.text ?? '',
    uses: job.uses?.text ?? '',
    permissions: {
      ...Object.fromEntries((permissions?.scopes ?? []).map(({ scope, level }) => [scope, level])),
      ...(permissions?.all !== undefined && { all: permissions.all }),
    },
    permissionsSaid: permissions !== undefined,
    secrets: [
      ...new Set(
        holdersIn(subject)
          .filter((one) => one.job === job)
          .map(({ secret }) => secret),
      ),
    ],
    timeoutMinutes: Number.isSafeInteger(Math.trunc(minutes)) ? minutes : 0,
    steps: job.steps.map(stepDocument),
  };
}

function stepDocument(step: StepPart): StepInput {
  const { uses } = step;
  return {
    name: step.name?.text ?? '',
    uses: uses?.text ?? '',
    action: uses?.kind === 'repository' ? uses.repository : '',
    ref: uses?.kind === 'repository' ? uses.ref : '',
    run: step.run?.text ?? '',
    shell: step.shell?.text ?? '',
    with: textOf(step.with),
    env: textOf(step.env),
    line: step.at.line,
  };
}

function textOf(list: StepPart['with']): Readonly<Record<string, string>> {
  return Object.fromEntries(list.map(({ name, value }) => [name, value.text]));
}
