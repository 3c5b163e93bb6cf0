import type { Confidence, Finding, Found, Persona, Severity } from './finding.ts';
import type { MendPlan } from './fix/mend.ts';
import type { Subject } from './subject.ts';

/** A rule of the gate: a folder of its own with this, `rule.md` and `cases.yaml`. Its `check` is pure. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly persona: Persona;
  /** The sections of the guide that it serves: `§2`. */
  readonly guide: readonly string[];
  /** The same finding elsewhere: `tool/rule`. */
  readonly alsoKnownAs: readonly string[];
  /**
   * `connected`: what it finds in a file follows from that file and those that are connected with it (`connected.ts`), so that it need
   * not look again when others change. Absent: it may follow from every file.
   */
  readonly looksAt?: 'connected';
  readonly check: (subject: Subject) => Iterable<Found>;
  /** What would mend a finding of it; undefined where that is for a person to say. Pure. */
  readonly mend?: (subject: Subject, finding: Finding) => MendPlan | undefined;
}
