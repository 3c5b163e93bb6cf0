import { ok, type Refusal, type Result } from '../base/index.ts';
import { type AskedIsolation, ISOLATION_TIERS, RUNTIMES } from '../zone/index.ts';
import { oneOf } from './options.ts';

/** The options that choose a job's walls. */
export const ISOLATION_OPTIONS = { isolation: { type: 'string' }, runtime: { type: 'string' } } as const;

export function askedIsolation(values: {
  readonly isolation?: string;
  readonly runtime?: string;
}): Result<AskedIsolation, Refusal> {
  const tier = oneOf('isolation', values.isolation, ISOLATION_TIERS);
  if (!tier.ok) return tier;
  const runtime = oneOf('runtime', values.runtime, RUNTIMES);
  if (!runtime.ok) return runtime;
  return ok({
    ...(tier.value !== undefined && { tier: tier.value }),
    ...(runtime.value !== undefined && { runtime: runtime.value }),
  });
}
