import { type Facts, NO_FACTS } from './facts.ts';
import { type Finding, type Persona, PERSONAS, type Severity, SEVERITIES } from './finding.ts';
import type { Repository } from './repository/model.ts';
import { RULES } from './rules.ts';
import type { Rule } from './rule.ts';
import { Subject } from './subject.ts';

export interface Judgement {
  readonly findings: readonly Finding[];
  /** How many files were looked at. */
  readonly files: number;
  readonly subject: Subject;
}

const MAX_FINDINGS = 20_000;

/** Judges a repository by all rules. Pure; the same input gives the same findings in the same order. */
export function judge(
  repository: Repository,
  rules: readonly Rule[] = RULES,
  facts: Facts = NO_FACTS,
): Judgement {
  const subject = new Subject(repository, facts);
  const findings = rules.flatMap((rule) => [...findingsOf(rule, subject)]).toSorted(byPlace);
  const { workflows, actions, dependabot, policies, unread } = repository;
  const files =
    workflows.length +
    actions.length +
    dependabot.length +
    policies.length +
    new Set(unread.map(({ path }) => path)).size;
  return { findings: findings.slice(0, MAX_FINDINGS), files, subject };
}

function* findingsOf(rule: Rule, subject: Subject): Iterable<Finding> {
  const seen = new Set<string>();
  for (const found of rule.check(subject)) {
    const key = `${found.at.file}:${found.at.line}:${found.at.column}:${found.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield {
      severity: rule.severity,
      confidence: rule.confidence,
      persona: rule.persona,
      ...found,
      rule: rule.id,
    };
  }
}

function byPlace(a: Finding, b: Finding): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column || (a.rule < b.rule ? -1 : 1);
}

/** The findings that somebody wants to read. */
export function shownTo(persona: Persona, findings: readonly Finding[]): readonly Finding[] {
  const most = PERSONAS.indexOf(persona);
  return findings.filter((finding) => PERSONAS.indexOf(finding.persona) <= most);
}

export function atLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
