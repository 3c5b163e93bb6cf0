import type { FindingSetting } from '../config/index.ts';
import { type Finding, SEVERITIES, type Severity } from './finding.ts';
import { matchesOwned } from './repository/owners.ts';
import type { Suppressed } from './suppressions.ts';

/** What files of policy say of findings. */
export interface FindingSettings {
  /** Of the operator, for every repository. */
  readonly operator: readonly FindingSetting[];
  /** Of the repository's own file, and where that lies. */
  readonly repository: readonly FindingSetting[];
  readonly path: string;
}

export interface SettledFindings {
  readonly findings: readonly Finding[];
  readonly waived: readonly Suppressed[];
}

/**
 * Weighs findings as policy says. Of several entries for a finding the last counts. Where the operator has one, the repository's
 * can only make it heavier: an entry that would make it lighter does not count, and neither does one past its day (`today` in UTC,
 * `2026-11-25`); both are findings themselves, as nobody may think that they hold.
 */
export function settleFindings(
  findings: readonly Finding[],
  { operator, repository, path }: FindingSettings,
  today: string,
): SettledFindings {
  const ended = (setting: FindingSetting): boolean => setting.until !== undefined && setting.until < today;
  const told = new Map<FindingSetting, string>();
  for (const setting of repository) if (ended(setting)) told.set(setting, `it ended on ${setting.until}`);
  const left: Finding[] = [];
  const waived: Suppressed[] = [];
  for (const finding of findings) {
    const meant = (setting: FindingSetting): boolean =>
      !ended(setting) &&
      setting.rules.includes(finding.rule) &&
      (setting.paths === undefined ||
        setting.paths.some((pattern) => matchesOwned(pattern, finding.at.file)));
    const above = operator.findLast(meant);
    const own = repository.findLast(meant);
    const lighter = above !== undefined && own !== undefined && weight(own.severity) < weight(above.severity);
    if (lighter) told.set(own, 'the operator’s file says more');
    const holds = lighter || own === undefined ? above : own;
    if (holds === undefined) left.push(finding);
    else if (holds.severity !== 'off') left.push({ ...finding, severity: holds.severity });
    else waived.push({ finding, by: waiver(holds, holds === own ? path : 'the operator’s file') });
  }
  return {
    findings: [...left, ...[...told].map(([setting, why]) => notCounted(setting, why, path))],
    waived,
  };
}

function weight(severity: FindingSetting['severity']): number {
  return severity === 'off' ? -1 : SEVERITIES.indexOf(severity satisfies Severity);
}

function waiver({ rules, reason = '' }: FindingSetting, file: string): Suppressed['by'] {
  return { file, line: 1, rules: new Set(rules), by: 'policy', reason, covers: 1 };
}

function notCounted({ rules, severity }: FindingSetting, why: string, file: string): Finding {
  return {
    rule: 'suppression',
    severity: 'low',
    confidence: 'high',
    persona: 'default',
    at: { file, line: 1, column: 1, length: 1 },
    message: `the entry of gate.findings for ${rules.join(', ')} (${severity}) does not count: ${why}`,
    fix: 'take it away, or ask the operator',
  };
}
