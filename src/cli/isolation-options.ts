import { ok, type Refusal, type Result } from '../base/index.ts';
import { type AskedIsolation, ISOLATION_TIERS, PROFILES, RUNTIMES } from '../zone/index.ts';
import { oneOf } from './options.ts';

/** The options that choose a job's walls. */
export const ISOLATION_OPTIONS = {
  isolation: { type: 'string' },
  runtime: { type: 'string' },
  profile: { type: 'string' },
} as const;

export function askedIsolation(values: {
  readonly isolation?: string;
  readonly runtime?: string;
  readonly profile?: string;
}): Result<AskedIsolation, Refusal> {
  const tier = oneOf('isolation', values.isolation, ISOLATION_TIERS);
  if (!tier.ok) return tier;
  const runtime = oneOf('runtime', values.runtime, RUNTIMES);
  if (!runtime.ok) return runtime;
  const profile = oneOf('profile', values.profile, PROFILES);
  if (!profile.ok) return profile;
  return ok({
    ...(tier.value !== undefined && { tier: tier.value }),
    ...(runtime.value !== undefined && { runtime: runtime.value }),
    ...(profile.value !== undefined && { profile: profile.value }),
  });
}
