import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Judgement } from '../../gate/index.ts';
import type { RunEvent } from '../event/event.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunPolicy } from '../trust/policy.ts';
import { jobDocument, workflowDocument } from './job-document.ts';
import { findingsAbout } from './rule-findings.ts';
import { rulesOf } from './rules-of.ts';
import { type JobRules, jobRules, type KnownJob } from './run-rules.ts';

interface RulesRequest {
  readonly event: RunEvent;
  readonly workflowPath: string;
  readonly policy: RunPolicy;
}

/** What the user's own rules say of each job of a run. Refuses the run when one of them is not to be started. */
export async function workflowRules(
  request: RulesRequest,
  zones: ReadonlyMap<string, JobZone>,
  judgement: () => Promise<Result<Judgement, Refusal>>,
): Promise<Result<ReadonlyMap<string, JobRules>, Refusal>> {
  const rules = rulesOf(request.policy.files);
  const made = new Map<string, JobRules>();
  if (rules.length === 0) return ok(made);
  const judged = await judgement();
  if (!judged.ok) return judged;
  const [unknown] = judged.value.failed;
  // They decide by what was found, and that is not all of it.
  if (unknown !== undefined)
    return err(
      refusal(
        'policy',
        'rules/not-known',
        `the rules cannot be asked: the rule ${unknown} of cofferdam check came to no end in this repository`,
        'this is a defect of Cofferdam: report it; cofferdam check names the file',
      ),
    );
  for (const [id, granted] of zones) {
    const one = await jobRules(rules, () => Promise.resolve(knownJob(request, id, granted, judged.value)));
    if (!one.ok) return one;
    if (one.value?.before !== undefined) return err(one.value.before);
    if (one.value !== undefined) made.set(id, one.value);
  }
  return ok(made);
}

function knownJob(
  { event, workflowPath }: RulesRequest,
  id: string,
  { zone, facts }: JobZone,
  { subject, findings }: Judgement,
): Result<KnownJob, Refusal> {
  const file = subject.repository.workflows.find(({ source }) => source.path === workflowPath);
  const job = file?.jobs.find((one) => one.id === id);
  if (file === undefined || job === undefined)
    return err(
      refusal(
        'policy',
        'rules/unread',
        `the rules cannot be asked about the job ${id}: ${workflowPath} is not among what cofferdam check reads`,
        'put the workflow below .github/workflows',
      ),
    );
  const fork = facts.find(({ name }) => name === 'fork');
  return ok({
    run: {
      command: 'run',
      event: event.name,
      repository: event.repository,
      ref: event.ref,
      commit: event.sha,
      actor: event.actor,
      // What could be forged does not prove that it is none.
      fork: fork === undefined || fork.forgeable || String(fork.value) !== 'false',
    },
    workflow: workflowDocument(file),
    job: jobDocument(subject, file, job, zone),
    findings: findingsAbout(findings, file, job),
  });
}
