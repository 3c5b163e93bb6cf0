import { type LoadedConfiguration, ZONES } from '../../config/index.ts';
import { refusedRules } from '../gate-rules.ts';
import type { PolicyChange } from './policy-diff.ts';

/** What the gate no longer refuses, or refuses now. */
export function gateChanges(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
): readonly PolicyChange[] {
  return ZONES.flatMap((zone) => {
    const [was, is] = [refusedRules(zone, [before]), refusedRules(zone, [after])];
    const change = (direction: PolicyChange['direction'], rule: string, what: string): PolicyChange => ({
      direction,
      zone,
      key: `gate.refuse.${zone}`,
      what: `a job with a finding of ${rule} ${what}`,
    });
    return [
      ...[...was].filter((rule) => !is.has(rule)).map((rule) => change('opened', rule, 'is started')),
      ...[...is].filter((rule) => !was.has(rule)).map((rule) => change('closed', rule, 'is refused')),
    ];
  });
}
