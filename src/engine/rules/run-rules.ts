import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { CustomRule } from '../../config/index.ts';
import type {
  JobInput,
  ResultInput,
  Rulebook,
  RuleInput,
  RunInput,
  WorkflowInput,
} from '../../custom-rules/index.ts';
import type { OwnRules } from '../../egress/index.ts';
import { refusedByRules } from './refused-by-rules.ts';

/** What is known of a job before it starts. */
export interface KnownJob {
  readonly run: RunInput;
  readonly workflow: WorkflowInput;
  readonly job: JobInput;
  readonly findings: RuleInput['findings'];
}

/** The user's own rules about one job, at the three points. */
export interface JobRules {
  /** Why it is not started. */
  readonly before: Refusal | undefined;
  /** What decides at its connections; absent: no rule does. */
  readonly during?: OwnRules;
  /** Why it does not pass, whatever it gave. */
  after(result: ResultInput): Refusal | undefined;
}

/** Makes ready what rules of one's own say of a job. Gives undefined where nobody wrote one. */
export async function jobRules(
  rules: readonly CustomRule[],
  known: () => Promise<Result<KnownJob, Refusal>>,
): Promise<Result<JobRules | undefined, Refusal>> {
  if (rules.length === 0) return ok(undefined);
  const { NOTHING, rulebook } = await import('../../custom-rules/index.ts');
  const book: Result<Rulebook, readonly Refusal[]> = rulebook(rules);
  if (!book.ok) {
    const [first] = book.error;
    if (first === undefined) throw new Error('rules were refused without a reason');
    return err(first);
  }
  const job = await known();
  if (!job.ok) return job;
  const input: RuleInput = { ...NOTHING, ...job.value };
  const { value } = book;
  const { id } = input.job;
  return ok({
    before: refusedByRules(id, value.denials({ ...input, at: 'before' }), 'before'),
    ...(value.decidesAt('during') && {
      during: { rules: rules.filter(({ at }) => at.includes('during')), input: { ...input, findings: [] } },
    }),
    after: (result) => refusedByRules(id, value.denials({ ...input, at: 'after', result }), 'after'),
  });
}
