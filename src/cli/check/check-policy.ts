import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { configurationIn, type LoadedConfiguration, operatorConfiguration } from '../../config/index.ts';
import { ruleFinder, type RuleFinder, rulesOf } from '../../engine/index.ts';
import type { FindingSettings, GatheredFile } from '../../gate/index.ts';

const POLICY = 'cofferdam.yaml';

/** What the operator's file and the repository's say of a check. */
export interface CheckPolicy {
  /** Absent: there are no rules of one’s own. */
  readonly own: RuleFinder | undefined;
  readonly settings: FindingSettings;
}

/** Reads the policy that a check is made with. A file that is wrong refuses; the repository's can take nothing from the operator's. */
export async function checkPolicy(
  files: readonly GatheredFile[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<CheckPolicy, Refusal>> {
  const operator = await operatorConfiguration(environment);
  if (!operator.ok) return first(operator.error);
  const policy = files.find(({ path, kind }) => kind === 'policy' && path === POLICY);
  let head: LoadedConfiguration | undefined;
  // One that cannot be read is a finding of its own.
  if (policy?.read.ok === true) {
    const read = await configurationIn(policy.read.value, POLICY, 'head');
    if (!read.ok) return first(read.error);
    head = read.value;
  }
  const loaded = [operator.value, head].flatMap((one) => one ?? []);
  const rules = rulesOf(loaded);
  const own = await ruleFinder(rules);
  if (!own.ok) return own;
  return ok({
    own: rules.length === 0 ? undefined : own.value,
    settings: {
      operator: operator.value?.configuration.gate?.findings ?? [],
      repository: head?.configuration.gate?.findings ?? [],
      path: POLICY,
    },
  });
}

function first(refusals: readonly Refusal[]): Result<never, Refusal> {
  const [why] = refusals;
  if (why === undefined) throw new Error('a configuration was refused without a reason');
  return err(why);
}
