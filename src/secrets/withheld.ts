import type { Controls } from '../zone/index.ts';

export interface WithheldSecret {
  readonly name: string;
  readonly why: string;
}

export interface SecretDecision {
  /** In the order in which they were requested, each once, in the spelling of the request. */
  readonly delivered: readonly string[];
  readonly withheld: readonly WithheldSecret[];
}

/** GitHub's rule for the names of secrets; they are compared without regard to case. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/**
 * Which of the requested secrets a job may hold (guide §2, §3). The names come from the workflow and may be hostile;
 * the controls come from the zone. The untrusted zone gets none, whatever its controls say: a configuration that
 * names one is a mistake that must not cost a credential. Elsewhere only what the zone's controls name is delivered.
 */
export function withheldSecrets(
  requested: readonly string[],
  controls: Pick<Controls, 'zone' | 'secrets'>,
): SecretDecision {
  const allowed = new Set(controls.secrets.allow.map((name) => name.toUpperCase()));
  const delivered: string[] = [];
  const withheld: WithheldSecret[] = [];
  const seen = new Set<string>();
  for (const name of requested) {
    const key = name.toUpperCase();
    if (seen.has(key)) continue;
    seen.add(key);
    const why = reason(name, allowed.has(key), controls.zone);
    if (why === undefined) delivered.push(name);
    else withheld.push({ name, why });
  }
  return { delivered, withheld };
}

function reason(name: string, allowed: boolean, zone: Controls['zone']): string | undefined {
  if (!NAME.test(name)) return 'it is not the name of a secret';
  if (zone === 'untrusted') return 'jobs of the zone untrusted get no secrets';
  return allowed ? undefined : `the zone ${zone} does not name it`;
}
