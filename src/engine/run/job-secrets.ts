import { withheldSecrets, type WithheldSecret } from '../../secrets/index.ts';
import type { Job, Workflow } from '../../workflow/index.ts';
import type { Controls } from '../../zone/index.ts';

export interface JobSecrets {
  /** By the name that the workflow uses. */
  readonly delivered: Readonly<Record<string, string>>;
  readonly withheld: readonly WithheldSecret[];
}

const REFERENCE = /\bsecrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]{0,200})|\[\s*'([^']{1,200})'\s*\])/g;
const MAX_NAMES = 200;

/** Names of the secrets that a text asks for. */
function secretNames(text: string): readonly string[] {
  return [...text.slice(0, 1_048_576).matchAll(REFERENCE)].flatMap((match) => match[1] ?? match[2] ?? []);
}

/** Names of the secrets that a job asks for by name. A name that is computed asks for nothing and gets nothing. */
export function requestedSecrets(workflow: Workflow, job: Job): readonly string[] {
  const texts = [
    ...[...workflow.env, ...job.env].map((assignment) => assignment.value.text),
    ...job.steps.flatMap((step) => [
      ...(step.if === undefined ? [] : [step.if.text]),
      ...step.env.map((assignment) => assignment.value.text),
      ...(step.kind === 'run' ? [step.run.text] : step.with.map((input) => input.value.text)),
    ]),
  ];
  return [...new Set(texts.flatMap(secretNames))].slice(0, MAX_NAMES);
}

/**
 * What a job may hold of what it asks for (guide §3): what its zone names and the operator gave a value for. `values` is
 * by name in upper case.
 */
export function jobSecrets(
  requested: readonly string[],
  controls: Pick<Controls, 'zone' | 'secrets'>,
  values: ReadonlyMap<string, string>,
): JobSecrets {
  const decided = withheldSecrets(requested, controls);
  const delivered: Record<string, string> = {};
  const withheld = [...decided.withheld];
  for (const name of decided.delivered) {
    const value = values.get(name.toUpperCase());
    if (value === undefined) withheld.push({ name, why: `no value was given: --secret ${name}` });
    else delivered[name] = value;
  }
  return { delivered, withheld };
}
