import type { Place } from '../base/index.ts';

export const SEVERITIES = ['info', 'low', 'medium', 'high'] as const;
export type Severity = (typeof SEVERITIES)[number];
export type Confidence = 'low' | 'medium' | 'high';
/** Who wants to read it: everybody, who wants all style as well, or who looks at each doubtful place by hand. */
export const PERSONAS = ['default', 'pedantic', 'auditor'] as const;
export type Persona = (typeof PERSONAS)[number];

/** A stretch of one file: lines and columns from 1, `length` in characters on its line. */
export interface Span extends Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** Where it ends, behind its last character, when that is on another line; `length` is then what of it is on the first. */
  readonly end?: { readonly line: number; readonly column: number };
}

/** One step of a path through the repository. */
export interface Hop {
  readonly at: Span;
  readonly what: string;
}

/** What a rule saw. Text may quote hostile input: it is made visible where it is shown. */
export interface Found {
  readonly at: Span;
  /** One sentence, subject first. */
  readonly message: string;
  /** What mends it, as an imperative. */
  readonly fix: string;
  readonly severity?: Severity;
  readonly confidence?: Confidence;
  readonly persona?: Persona;
  /** From the source to the sink. */
  readonly flow?: readonly Hop[];
  /** The events in which it is so; absent: in all that bring the file to run. */
  readonly events?: readonly string[];
  /** The job in which it is, by id. */
  readonly job?: string;
}

export interface Finding extends Found {
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly persona: Persona;
}
