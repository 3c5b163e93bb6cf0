import { isNeverRun } from './never-run.ts';
import type { Finding, Found } from './finding.ts';
import type { Rule } from './rule.ts';
import type { Subject } from './subject.ts';

/** What rules found, and those of them that came to no end. */
export interface Answered {
  readonly findings: Finding[];
  /** By id: what they would have found is not known. A defect of ours, which a hostile file may know how to bring about. */
  readonly failed: Set<string>;
}

/** What one rule finds; undefined when it threw: what it told until then is not all. */
function answerOf(rule: Rule, subject: Subject): readonly Finding[] | undefined {
  // What is wrong with how a file is written is so whether it runs or not.
  const ofRuns = rule.alsoKnownAs.some((name) => name.startsWith('zizmor/'));
  const findings: Finding[] = [];
  try {
    for (const found of rule.check(subject))
      if (!ofRuns || !isNeverRun(subject, found)) findings.push(findingOf(rule, found));
  } catch {
    return undefined;
  }
  return findings;
}

/**
 * Asks rules about a subject. A rule that throws says nothing of it, which is told as a finding that nothing can be known: `apart` gives
 * the subject's parts, each is asked about by itself, and only the parts in which it throws again are lost.
 */
export function askRules(
  rules: readonly Rule[],
  subject: Subject,
  apart?: () => readonly Subject[],
): Answered {
  const all: Answered = { findings: [], failed: new Set() };
  for (const rule of rules) {
    const answer = answerOf(rule, subject);
    if (answer !== undefined) {
      for (const finding of answer) all.findings.push(finding);
      continue;
    }
    for (const part of apart?.() ?? [subject]) {
      const again = part === subject ? undefined : answerOf(rule, part);
      for (const finding of again ?? [notKnown(rule, part)]) all.findings.push(finding);
      if (again === undefined) all.failed.add(rule.id);
    }
  }
  return all;
}

function notKnown({ id }: Rule, { repository }: Subject): Finding {
  const { workflows, actions, dependabot, policies, preCommit } = repository;
  const files = [...workflows, ...actions, ...dependabot, ...policies, ...preCommit];
  const file = files[0]?.source.path ?? '.';
  const what = files.length > 1 ? `${file} and what belongs to it` : file;
  return {
    rule: 'unread-file',
    severity: 'high',
    confidence: 'high',
    persona: 'default',
    at: { file, line: 1, column: 1, length: 1 },
    message: `the rule ${id} came to no end: what it would find in ${what} is not known`,
    fix: 'this is a defect of Cofferdam: report it with this file',
  };
}

function findingOf({ id, severity, confidence, persona }: Rule, found: Found): Finding {
  return { severity, confidence, persona, ...found, rule: id };
}
