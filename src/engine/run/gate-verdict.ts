import { type Refusal, refusal } from '../../base/index.ts';
import type { Finding, Judgement } from '../../gate/index.ts';
import type { ZoneId } from '../../zone/index.ts';

/** A job's zone, and the rules that policy refuses there. */
export interface RefusedRules {
  readonly zone: ZoneId;
  readonly refused: ReadonlySet<string>;
}

/**
 * Why a judgement keeps a job of a run from starting in its zone; undefined when it does not. What a rule would have found where it came
 * to no end is not known, and refuses as a finding would.
 */
export function gateVerdict(
  { findings, failed }: Pick<Judgement, 'findings' | 'failed'>,
  rules: ReadonlyMap<string, RefusedRules>,
  run: { readonly workflowPath: string; readonly event: string },
): Refusal | undefined {
  for (const [job, { zone, refused }] of rules) {
    const unknown = [...refused].find((id) => failed.has(id));
    if (unknown !== undefined)
      return refusal(
        'policy',
        'gate/not-known',
        `the job ${job} is not started in zone ${zone}: the rule ${unknown}, which policy names, came to no end in this repository`,
        'this is a defect of Cofferdam: report it; cofferdam check names the file',
      );
    const found = findings.find(
      (finding) =>
        finding.severity === 'high' && refused.has(finding.rule) && meets(finding, { ...run, job }),
    );
    if (found !== undefined)
      return refusal(
        'policy',
        `gate/${found.rule}`,
        `the job ${job} is not started in zone ${zone}: ${found.message}`,
        `${found.fix}; or run it in a lower zone with --zone untrusted`,
        { file: found.at.file, line: found.at.line, column: found.at.column },
      );
  }
  return undefined;
}

/** Whether a finding is about a job of this run: in it, in the whole workflow, or in what it calls. */
function meets(
  { at, job, events, flow = [] }: Finding,
  run: { readonly workflowPath: string; readonly job: string; readonly event: string },
): boolean {
  if (events !== undefined && !events.includes(run.event)) return false;
  if (at.file === run.workflowPath) return job === undefined || job === run.job;
  return flow.some((hop) => hop.at.file === run.workflowPath);
}
