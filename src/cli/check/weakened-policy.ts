import { availableParallelism, totalmem } from 'node:os';
import { configurationIn, type Configuration, type FindingSetting } from '../../config/index.ts';
import { type Finding, type GatheredFile, SEVERITIES } from '../../gate/index.ts';
import { diffPolicies } from '../../zone/index.ts';

const POLICY = 'cofferdam.yaml';

/**
 * What a change takes from the repository's own policy: destinations, secrets, permissions and all else that `policy diff` decides, rules
 * that are gone or say something else, and findings that weigh less. A file that is wrong is told elsewhere.
 */
export async function weakenedPolicy(
  before: readonly GatheredFile[],
  after: readonly GatheredFile[],
): Promise<readonly Finding[]> {
  const [old, fresh] = [await loaded(before), await loaded(after)];
  if (old === undefined || fresh === undefined) return [];
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const opened = diffPolicies(old, fresh, machine)
    .filter(({ direction }) => direction !== 'closed')
    .map(({ key, what }) => `${key}: ${what}`);
  return [
    ...opened,
    ...lessRules(old.configuration, fresh.configuration),
    ...lighter(old.configuration, fresh.configuration),
  ].map(finding);
}

const NOTHING = Buffer.from('version: 1\n');

/** As the operator's, so that nothing of it is left out; of no file, what the product does by itself. */
async function loaded(files: readonly GatheredFile[]) {
  const policy = files.find(({ path, kind }) => kind === 'policy' && path === POLICY);
  if (policy !== undefined && !policy.read.ok) return undefined;
  const read = await configurationIn(
    policy?.read.ok === true ? policy.read.value : NOTHING,
    POLICY,
    'operator',
  );
  return read.ok ? read.value : undefined;
}

function lessRules(old: Configuration, fresh: Configuration): readonly string[] {
  return (old.rules ?? []).flatMap((rule) => {
    const same = (fresh.rules ?? []).find(({ id }) => id === rule.id);
    if (same === undefined) return [`rules: own/${rule.id} is gone`];
    const points = rule.at.filter((point) => !same.at.includes(point));
    if (points.length > 0) return [`rules: own/${rule.id} decides no more ${points.join(' and ')}`];
    return same.deny === rule.deny ? [] : [`rules: own/${rule.id} asks something else`];
  });
}

/** Entries that are new, and make findings weigh less than the rules by themselves may. */
function lighter(old: Configuration, fresh: Configuration): readonly string[] {
  const known = new Set((old.gate?.findings ?? []).map(spelled));
  const added = (fresh.gate?.findings ?? []).filter((one) => !known.has(spelled(one)));
  const refused = (['untrusted', 'internal', 'release'] as const).flatMap((zone) =>
    (old.gate?.refuse?.[zone] ?? [])
      .filter((rule) => fresh.gate?.refuse?.[zone]?.includes(rule) !== true)
      .map((rule) => `gate.refuse.${zone}: ${rule} is gone`),
  );
  return [
    ...refused,
    ...added
      .filter(
        ({ severity }) => severity === 'off' || SEVERITIES.indexOf(severity) < SEVERITIES.indexOf('medium'),
      )
      .map(({ rules, severity }) => `gate.findings: ${rules.join(', ')} become ${severity}`),
  ];
}

function spelled(setting: FindingSetting): string {
  return JSON.stringify(setting);
}

function finding(what: string): Finding {
  return {
    rule: 'weakened-policy',
    severity: 'high',
    confidence: 'high',
    persona: 'default',
    at: { file: POLICY, line: 1, column: 1, length: 1 },
    message: `the change makes the policy weaker: ${what}`,
    fix: 'take it out of this change, or have it approved by who owns the policy (cofferdam policy approve)',
  };
}
