import type { Finding } from '../finding.ts';
import type { Sifted } from '../suppressions.ts';

/** What `check --format json` gives: one object. Its keys stay. */
export function jsonReport(sifted: Sifted, files: number, prints: ReadonlyMap<Finding, string>): unknown {
  const told = (finding: Finding): unknown => ({ ...finding, fingerprint: prints.get(finding) });
  return {
    version: 1,
    files,
    findings: sifted.findings.map(told),
    suppressed: sifted.suppressed.map(({ finding, by }) => ({
      ...(told(finding) as object),
      suppressedBy: { tool: by.by, file: by.file, line: by.line, reason: by.reason },
    })),
  };
}
