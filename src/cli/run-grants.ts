import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { AllowEntry } from '../config/index.ts';
import { visible } from '../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { ApproveJob } from '../engine/index.ts';
import { readSecret, type SecretSource } from '../secrets/index.ts';
import { type AskedIsolation, type ZoneId, ZONES } from '../zone/index.ts';
import type { CommandContext } from './command.ts';
import { askedIsolation, ISOLATION_OPTIONS } from './isolation-options.ts';
import { allowOption, oneOf } from './options.ts';

/** The options by which the operator gives or takes for one run. */
export const GRANT_OPTIONS = {
  allow: { type: 'string', multiple: true },
  zone: { type: 'string' },
  secret: { type: 'string', multiple: true },
  'secret-file': { type: 'string', multiple: true },
  approve: { type: 'string', multiple: true },
  config: { type: 'string' },
  ...ISOLATION_OPTIONS,
} as const;

export interface RunGrants {
  readonly allow: readonly AllowEntry[];
  readonly zone?: ZoneId;
  readonly isolation: AskedIsolation;
  readonly secrets: ReadonlyMap<string, string>;
  readonly approve: ApproveJob;
}

/** Reads them. A secret's value is read now, so that a missing one is known before anything runs. */
export async function runGrants(
  context: CommandContext,
  values: {
    readonly allow?: readonly string[];
    readonly zone?: string;
    readonly isolation?: string;
    readonly runtime?: string;
    readonly profile?: string;
    readonly secret?: readonly string[];
    readonly 'secret-file'?: readonly string[];
    readonly approve?: readonly string[];
  },
): Promise<Result<RunGrants, Refusal>> {
  const zone = oneOf('zone', values.zone, ZONES);
  if (!zone.ok) return zone;
  const isolation = askedIsolation(values);
  if (!isolation.ok) return isolation;
  const sources: SecretSource[] = (values.secret ?? []).map((name) => ({ kind: 'env', name }));
  for (const entry of values['secret-file'] ?? []) {
    const equals = entry.indexOf('=');
    if (equals < 1) {
      const why = `--secret-file ${JSON.stringify(entry)} is not NAME=PATH`;
      return err(refusal('usage', 'cli/secret', why, 'write --secret-file NAME=PATH'));
    }
    sources.push({ kind: 'file', name: entry.slice(0, equals), path: entry.slice(equals + 1) });
  }
  const secrets = new Map<string, string>();
  for (const source of sources) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(source.name)) {
      const why = `${JSON.stringify(source.name)} is not the name of a secret`;
      return err(refusal('usage', 'cli/secret', why, 'use letters, digits and _ only'));
    }
    const value = await readSecret(source, context.environment);
    if (!value.ok) return value;
    secrets.set(source.name.toUpperCase(), value.value);
  }
  const allow = allowOption(values.allow ?? []);
  if (!allow.ok) return allow;
  return ok({
    allow: allow.value,
    secrets,
    isolation: isolation.value,
    approve: approver(context, values.approve ?? []),
    ...(zone.value !== undefined && { zone: zone.value }),
  });
}

/** The person at this machine, once per job: by `--approve`, or by an answer on the terminal. */
function approver(context: CommandContext, named: readonly string[]): ApproveJob {
  const person = `local:${userInfo().username}`;
  return async (job, zone) => {
    if (named.includes(job)) return [person];
    if (context.stdin.isTTY !== true || context.stderr.isTTY !== true) return [];
    const lines = createInterface({ input: context.stdin, output: context.stderr });
    const answer = await lines.question(`Approve job ${visible(job)} in zone ${zone}? [y/N] `);
    lines.close();
    return /^y(es)?$/i.test(answer.trim()) ? [person] : [];
  };
}
