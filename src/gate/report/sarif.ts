import type { Finding, Hop, Severity, Span } from '../finding.ts';
import type { Mend } from '../fix/mend.ts';
import { placedEdits } from '../fix/placed-edits.ts';
import { RULES } from '../rules.ts';
import type { Sifted, Suppression } from '../suppressions.ts';

const LEVEL: Readonly<Record<Severity, string>> = {
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};
/** GitHub orders code-scanning alerts by this number, as CVSS has it. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '1.0',
};
const PRECISION = { high: 'very-high', medium: 'high', low: 'medium' } as const;

export interface SarifReportParts {
  readonly prints: ReadonlyMap<Finding, string>;
  readonly mends: ReadonlyMap<Finding, Mend>;
  readonly version: string;
}

/** SARIF 2.1.0 (OASIS), as GitHub code scanning and other viewers take it: one run, paths as code flows. */
export function sarifReport(sifted: Sifted, { prints, mends, version }: SarifReportParts): unknown {
  const index = new Map(RULES.map(({ id }, at) => [id, at]));
  const result = (finding: Finding, by?: Suppression): unknown => ({
    ruleId: finding.rule,
    ...(index.has(finding.rule) && { ruleIndex: index.get(finding.rule) }),
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
            rules: RULES.map((rule) => ({
              id: rule.id,
              name: rule.id.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
              shortDescription: { text: rule.title },
              defaultConfiguration: { level: LEVEL[rule.severity] },
              properties: {
                tags: ['security', ...rule.guide.map((section) => `guide/${section}`)],
                'security-severity': SECURITY_SEVERITY[rule.severity],
                precision: PRECISION[rule.confidence],
                persona: rule.persona,
                alsoKnownAs: rule.alsoKnownAs,
              },
            })),
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
  return { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: 'SRCROOT' };
}

function fixesOf(mend: Mend | undefined): object {
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
