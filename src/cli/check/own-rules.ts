import { err, type Refusal, type Result } from '../../base/index.ts';
import { configurationIn, type LoadedConfiguration, operatorConfiguration } from '../../config/index.ts';
import { ruleFinder, type RuleFinder, rulesOf } from '../../engine/index.ts';
import type { GatheredFile } from '../../gate/index.ts';

const POLICY = 'cofferdam.yaml';

/** The user's own rules that a check is made with: the operator's, and those of the repository. A file that is wrong refuses. */
export async function ownRules(
  files: readonly GatheredFile[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<RuleFinder, Refusal>> {
  const operator = await operatorConfiguration(environment);
  if (!operator.ok) return first(operator.error);
  const loaded: LoadedConfiguration[] = operator.value === undefined ? [] : [operator.value];
  const policy = files.find(({ path, kind }) => kind === 'policy' && path === POLICY);
  // One that cannot be read is a finding of its own.
  if (policy?.read.ok === true) {
    const head = await configurationIn(policy.read.value, POLICY, 'head');
    if (!head.ok) return first(head.error);
    loaded.push(head.value);
  }
  return ruleFinder(rulesOf(loaded));
}

function first(refusals: readonly Refusal[]): Result<never, Refusal> {
  const [why] = refusals;
  if (why === undefined) throw new Error('a configuration was refused without a reason');
  return err(why);
}
