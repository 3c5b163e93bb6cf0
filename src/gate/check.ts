import { type Answered, askRules } from './ask-rules.ts';
import { connectedParts, onlyOf, type Part } from './connected.ts';
import { type Facts, NO_FACTS } from './facts.ts';
import { type Finding, type Persona, PERSONAS, type Severity, SEVERITIES } from './finding.ts';
import type { Repository } from './repository/model.ts';
import { RULES } from './rules.ts';
import type { Rule } from './rule.ts';
import { shared } from './share.ts';
import { Subject } from './subject.ts';

export interface Judgement {
  readonly findings: readonly Finding[];
  /** All of them, where those are more than are told. */
  readonly every: readonly Finding[];
  /** How many files were looked at. */
  readonly files: number;
  /** Rules that came to no end somewhere, which is a finding as well: what they would have found there is not known. */
  readonly failed: ReadonlySet<string>;
  readonly subject: Subject;
}

const MAX_FINDINGS = 20_000;

/** What was found in the files of a part, when nothing has changed of which that follows; undefined when something has. */
export type KnownParts = (part: Part) => readonly Finding[] | undefined;

/** Judges a repository by all rules. Pure; the same input gives the same findings in the same order, whatever of it is known. */
export function judge(
  repository: Repository,
  rules: readonly Rule[] = RULES,
  facts: Facts = NO_FACTS,
  known: KnownParts = () => undefined,
): Judgement {
  const subject = new Subject(repository, facts);
  const { findings: found, failed } = foundIn(rules, subject, known);
  const { workflows, actions, dependabot, policies, preCommit, unread } = repository;
  const files =
    workflows.length +
    actions.length +
    dependabot.length +
    policies.length +
    preCommit.length +
    new Set(unread.map(({ path }) => path)).size;
  const every = eachOnce(found.toSorted(byPlace));
  return { findings: told(every), every, files, failed, subject };
}

/** Of all findings those that are told. */
export function told(every: readonly Finding[]): readonly Finding[] {
  return shared(every, MAX_FINDINGS);
}

/** Files that are looked at together: few, so that what was found out about them is let go before the next, and many enough to share it. */
const TOGETHER = 16;

/** Asks rules that look at what is connected about a few parts at a time, and not about parts of which it is known; all others about all. */
function foundIn(rules: readonly Rule[], subject: Subject, known: KnownParts): Answered {
  const wide = rules.filter(({ looksAt }) => looksAt === undefined);
  const connected = rules.filter(({ looksAt }) => looksAt !== undefined);
  const ids = new Set(connected.map(({ id }) => id));
  const all: Answered = { findings: [], failed: new Set() };
  const add = ({ findings, failed }: Answered): void => {
    for (const one of findings) all.findings.push(one);
    for (const id of failed) all.failed.add(id);
  };
  const of = (paths: Part): Subject => new Subject(onlyOf(subject.repository, new Set(paths)), subject.facts);
  let some: Part[] = [];
  let size = 0;
  const look = (): void => {
    const parts = some;
    add(askRules(connected, of(parts.flat()), () => parts.map(of)));
    some = [];
    size = 0;
  };
  for (const part of connectedParts(subject)) {
    const before = known(part);
    for (const one of before ?? []) if (ids.has(one.rule)) all.findings.push(one);
    if (before !== undefined) continue;
    some.push(part);
    size += part.length;
    if (size >= TOGETHER) look();
  }
  if (some.length > 0) look();
  add(askRules(wide, subject));
  return all;
}

/** Of sorted findings: what a rule says twice of one place is told once. */
function eachOnce(findings: readonly Finding[]): readonly Finding[] {
  let here: readonly string[] | Set<string> = [];
  let first: Finding | undefined;
  return findings.filter((finding) => {
    const { at, rule, message } = finding;
    if (
      first?.rule !== rule ||
      first.at.line !== at.line ||
      first.at.column !== at.column ||
      first.at.file !== at.file
    ) {
      first = finding;
      here = [message];
      return true;
    }
    const said: Set<string> = here instanceof Set ? here : new Set(here);
    here = said;
    return said.size < said.add(message).size;
  });
}

function byPlace(a: Finding, b: Finding): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  if (a.at.line !== b.at.line) return a.at.line - b.at.line;
  if (a.at.column !== b.at.column) return a.at.column - b.at.column;
  return a.rule === b.rule ? 0 : a.rule < b.rule ? -1 : 1;
}

/** The findings that somebody wants to read. */
export function shownTo(persona: Persona, findings: readonly Finding[]): readonly Finding[] {
  const most = PERSONAS.indexOf(persona);
  return findings.filter((finding) => PERSONAS.indexOf(finding.persona) <= most);
}

export function atLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
