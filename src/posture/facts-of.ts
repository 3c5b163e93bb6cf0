import { type Judgement, placedRuns, publishes } from '../gate/index.ts';
import type { Facts, RecordedRuns } from './facts.ts';

/** What a judgement of a repository and the records of its runs say, in one. */
export function factsOf(
  name: string,
  { subject, findings, files }: Judgement,
  runbooks: readonly string[],
  records: RecordedRuns,
): Facts {
  const { workflows } = subject.repository;
  const jobs = workflows.flatMap((file) => file.jobs.map((job) => ({ file, job })));
  return {
    name,
    files,
    workflows: workflows.length,
    jobs: jobs.length,
    findings,
    placed: placedRuns(subject),
    publishing: jobs.filter((one) => publishes(subject, one) !== undefined).length,
    runbooks,
    records,
  };
}
