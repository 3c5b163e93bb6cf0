import type { Finding, Hop, Span } from '../finding.ts';
import type { ToldMend } from '../fix/mend.ts';
import { placedEdits } from '../fix/placed-edits.ts';
import type { Sifted, Suppression } from '../suppressions.ts';
import { LEVEL, sarifRule, sarifRules } from './sarif-rules.ts';

export interface SarifReportParts {
  readonly prints: ReadonlyMap<Finding, string>;
  readonly mends: ReadonlyMap<Finding, ToldMend>;
  readonly version: string;
}

/** SARIF 2.1.0 (OASIS), as GitHub code scanning and other viewers take it: one run, paths as code flows. */
export function sarifReport(sifted: Sifted, { prints, mends, version }: SarifReportParts): unknown {
  const rules = sarifRules([...sifted.findings, ...sifted.suppressed.map(({ finding }) => finding)]);
  const index = new Map(rules.map(({ id }, at) => [id, at]));
  const result = (finding: Finding, by?: Suppression): unknown => ({
    ruleId: finding.rule,
    ruleIndex: index.get(finding.rule),
    level: LEVEL[finding.severity],
    message: { text: `${finding.message}. Fix: ${finding.fix}` },
    locations: [location(finding.at)],
    partialFingerprints: { 'cofferdamFinding/v1': prints.get(finding) ?? '' },
    properties: {
      severity: finding.severity,
      confidence: finding.confidence,
      persona: finding.persona,
      ...(finding.job !== undefined && { job: finding.job }),
    },
    ...(finding.flow !== undefined && finding.flow.length > 0 && { codeFlows: [codeFlow(finding.flow)] }),
    ...fixesOf(mends.get(finding)),
    ...(by !== undefined && {
      suppressions: [
        {
          kind: by.by === 'policy' ? 'external' : 'inSource',
          status: 'accepted',
          justification: by.reason,
          location: location({ file: by.file, line: by.line, column: 1, length: 1 }),
        },
      ],
    }),
  });
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Cofferdam',
            version,
            semanticVersion: version,
            rules: rules.map(sarifRule),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { description: { text: 'the root of the repository' } } },
        results: [
          ...sifted.findings.map((finding) => result(finding)),
          ...sifted.suppressed.map(({ finding, by }) => result(finding, by)),
        ],
      },
    ],
  };
}

function location(at: Span, message?: string): object {
  return {
    physicalLocation: {
      artifactLocation: artifact(at.file),
      region: {
        startLine: at.line,
        startColumn: at.column,
        endLine: at.end?.line ?? at.line,
        endColumn: at.end?.column ?? at.column + at.length,
      },
    },
    ...(message !== undefined && { message: { text: message } }),
  };
}

function artifact(file: string): object {
  // What is no character of Unicode has no form in a URI.
  return { uri: file.toWellFormed().split('/').map(encodeURIComponent).join('/'), uriBaseId: 'SRCROOT' };
}

function fixesOf(mend: ToldMend | undefined): object {
  if (mend === undefined) return {};
  const replacements = placedEdits(mend).map(({ start, end, text }) => ({
    deletedRegion: {
      startLine: start.line,
      startColumn: start.column,
      endLine: end.line,
      endColumn: end.column,
    },
    insertedContent: { text },
  }));
  const artifactChanges = [{ artifactLocation: artifact(mend.file), replacements }];
  return {
    fixes: [{ description: { text: mend.title }, artifactChanges, properties: { safety: mend.safety } }],
  };
}

function codeFlow(flow: readonly Hop[]): object {
  return { threadFlows: [{ locations: flow.map(({ at, what }) => ({ location: location(at, what) })) }] };
}
