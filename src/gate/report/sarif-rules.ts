import type { Finding, Severity } from '../finding.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rules.ts';
import { row } from '../known/row.ts';

export const LEVEL: Readonly<Record<Severity, string>> = {
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

/** Whose findings have no folder of their own. */
const OTHERS: Readonly<Record<string, string>> = {
  suppression: 'A comment or an entry of policy that answers for findings does not count',
  'weakened-policy': 'A change makes the repository\u2019s own policy weaker',
};

type Described = Pick<
  Rule,
  'id' | 'title' | 'severity' | 'confidence' | 'persona' | 'guide' | 'alsoKnownAs' | 'mend'
>;

/**
 * The rules that a run of SARIF names: all of the gate, and behind them what else found something: rules of one's own, comments.
 * A viewer learns from here how much an alert weighs; GitHub asks each for both descriptions and a help text.
 */
export function sarifRules(findings: Iterable<Finding>): readonly Described[] {
  const rules = new Map<string, Described>(RULES.map((rule) => [rule.id, rule]));
  for (const { rule: id, severity, confidence, persona } of findings)
    if (!rules.has(id))
      rules.set(id, {
        id,
        title: row(OTHERS, id) ?? `A rule of this repository or its operator: ${id}`,
        severity,
        confidence,
        persona,
        guide: ['\u00a77'],
        alsoKnownAs: [],
      });
  return [...rules.values()];
}

export function sarifRule(rule: Described): object {
  const { id, title, severity, confidence, persona, guide, alsoKnownAs } = rule;
  return {
    id,
    name: id.replaceAll(/(?:^|[-/])([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: title },
    help: { text: helpText(rule), markdown: helpText(rule, '`') },
    defaultConfiguration: { level: LEVEL[severity] },
    properties: {
      tags: ['security', ...guide.map((section) => `guide/${section}`)],
      'security-severity': SECURITY_SEVERITY[severity],
      precision: PRECISION[confidence],
      persona,
      alsoKnownAs,
    },
  };
}

function helpText({ title, alsoKnownAs, mend }: Described, mark = ''): string {
  const code = (text: string): string => `${mark}${text}${mark}`;
  const fix =
    mend === undefined
      ? 'Each finding says what mends it.'
      : `${code('cofferdam check --fix')} mends it where it can.`;
  const others = alsoKnownAs.length === 0 ? '' : ` Elsewhere: ${alsoKnownAs.map(code).join(', ')}.`;
  return `${title}. ${fix}${others}`;
}
