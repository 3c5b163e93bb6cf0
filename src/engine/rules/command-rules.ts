import { ok, type Refusal, type Result } from '../../base/index.ts';
import type { CustomRule } from '../../config/index.ts';
import { type JobRules, jobRules } from './run-rules.ts';

/** What the operator's own rules say of one command, which nobody vouches for. */
export async function commandRules({
  rules,
  argv,
}: {
  readonly rules: readonly CustomRule[];
  readonly argv: readonly string[];
}): Promise<Result<JobRules | undefined, Refusal>> {
  return jobRules(rules, async () => {
    const { NO_STEP, NOTHING } = await import('../../custom-rules/index.ts');
    return ok({
      run: { ...NOTHING.run, command: 'exec' },
      workflow: NOTHING.workflow,
      job: { ...NOTHING.job, id: 'exec', steps: [{ ...NO_STEP, run: argv.join(' ') }] },
      findings: [],
    });
  });
}
