import type { Finding } from '../finding.ts';
import type { ToldMend } from '../fix/mend.ts';
import { placedEdits } from '../fix/placed-edits.ts';
import type { Sifted } from '../suppressions.ts';

export interface JsonReportParts {
  readonly files: number;
  readonly prints: ReadonlyMap<Finding, string>;
  readonly mends: ReadonlyMap<Finding, ToldMend>;
}

/** What `check --format json` gives: one object. Its keys stay. */
export function jsonReport(sifted: Sifted, { files, prints, mends }: JsonReportParts): object {
  const told = (finding: Finding): object => {
    const mend = mends.get(finding);
    return {
      ...finding,
      // A rule may know more of a place than is told.
      ...(finding.flow !== undefined && { flow: finding.flow.map(({ at, what }) => ({ at, what })) }),
      fingerprint: prints.get(finding),
      ...(mend !== undefined && {
        mend: { title: mend.title, safety: mend.safety, edits: placedEdits(mend) },
      }),
    };
  };
  return {
    version: 1,
    files,
    findings: sifted.findings.map(told),
    suppressed: sifted.suppressed.map(({ finding, by }) => ({
      ...told(finding),
      suppressedBy: { tool: by.by, file: by.file, line: by.line, reason: by.reason },
    })),
  };
}
