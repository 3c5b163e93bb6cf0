import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import {
  type AllowEntry,
  type EgressRule,
  contradictionIn,
  parseDestination,
  ruleOf,
  ruleText,
} from '../config/index.ts';
import type { AllowedDestination } from './contract.ts';

/**
 * Reads an allowlist's entries: `host`, `host:port`, `*.host`, an address literal, or a preset that was resolved, each as it
 * stands or narrowed. One
 * entry that cannot be read refuses all: half a list is not what the operator meant.
 */
export function parseAllowlist(
  entries: readonly AllowEntry[],
  presets: Readonly<Record<string, readonly AllowedDestination[]>>,
): Result<readonly AllowedDestination[], Refusal> {
  const allowed: AllowedDestination[] = [];
  for (const entry of entries) {
    const { to: text, ...narrowing } = ruleOf(entry);
    const to = parseDestination(text);
    if (to.kind === 'wrong') return unreadable(text, to.why);
    if (to.kind === 'preset') {
      const preset = Object.hasOwn(presets, to.name) ? presets[to.name] : undefined;
      if (preset === undefined) return unreadable(text, 'is not a preset that is known here');
      if (narrowing.paths !== undefined && preset.some(({ paths }) => paths !== undefined))
        return unreadable(text, 'has paths of its own, and cannot be given others: name its hosts');
      allowed.push(...preset.flatMap((one) => narrowed(one, narrowing, ruleText(entry))));
      continue;
    }
    const wrong = contradictionIn(ruleOf(entry), to.port);
    if (wrong !== undefined)
      return err(refusal('policy', 'egress/allowlist', `${JSON.stringify(text)} ${wrong.why}`, wrong.fix));
    const ports = to.port === undefined ? {} : { ports: [to.port] };
    allowed.push({ host: to.host, ...ports, ...narrowing, entry: ruleText(entry) });
  }
  return ok(allowed);
}

/** A preset's destination as an entry narrows it: never more than either of them allows. */
function narrowed(
  one: AllowedDestination,
  narrowing: Omit<EgressRule, 'to'>,
  entry: string,
): readonly AllowedDestination[] {
  const methods =
    one.methods === undefined || narrowing.methods === undefined
      ? (one.methods ?? narrowing.methods)
      : one.methods.filter((method) => narrowing.methods?.includes(method));
  if (methods?.length === 0) return [];
  return [{ ...one, ...narrowing, ...(methods !== undefined && { methods }), entry }];
}

function unreadable(entry: string, why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'egress/allowlist',
      `${JSON.stringify(entry)} ${why}`,
      'write a host such as registry.example.test, host:port, *.host, or a preset such as @npm',
    ),
  );
}
