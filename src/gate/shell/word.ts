import { FIRST_MARKER, mask, type ShellCommand, type ShellWord } from './script.ts';

const NONE: readonly never[] = [];

/** A script as it is written, and with private characters in the place of its expressions. */
export interface MaskedText {
  readonly original: string;
  readonly masked: string;
  /** Where its expressions begin, in order. */
  readonly markers: readonly number[];
}

/** The expressions of a script within a script have the numbers that they have in the whole: `first` is that of its first. */
export function maskedText(original: string, first = 0): MaskedText {
  const masked = mask(original, first);
  const markers =
    masked === original ? NONE : [...masked.matchAll(/[\ue000-\ue3e7]/g)].map(({ index }) => index);
  return { original, masked, markers };
}

/** What a word is made of; more is lost, as each word around it is made of the same again. */
const MAX_VARIABLES = 100;
const MAX_MADE = 50;
const MAX_VALUE = 20_000;
const MAX_OF_WORD = 100;

/** What a word is made of, while it is read. */
export class WordParts {
  value = '';
  variables: string[] = [];
  made: ShellCommand[] = [];
  readonly start: number;

  constructor(start: number) {
    this.start = start;
  }

  /** What the other is made of as well. */
  take(other: Pick<WordParts, 'value' | 'variables' | 'made'>): void {
    if (this.value.length < MAX_VALUE) this.value += other.value;
    this.takeParts(other);
  }

  /** The same without its text. */
  takeParts({ variables, made }: Pick<ShellWord, 'variables' | 'made'>): void {
    if (variables.length > 0)
      for (const one of variables.slice(0, Math.max(0, MAX_VARIABLES - this.variables.length)))
        this.variables.push(one);
    if (made.length > 0)
      for (const one of made.slice(0, Math.max(0, MAX_MADE - this.made.length))) this.made.push(one);
  }

  isEmpty(): boolean {
    return this.value === '' && this.variables.length === 0 && this.made.length === 0;
  }

  /** It has been found to hold nothing of what it was made of: a number, or whether something is so. */
  clear(): void {
    this.variables = [];
    this.made = [];
  }

  word(text: MaskedText, end: number): ShellWord {
    return {
      text: text.original.slice(this.start, end),
      value: this.value,
      variables: this.variables,
      expressions: text.markers.length === 0 ? NONE : expressionsFrom(text, this.start, end),
      made: this.made,
    };
  }
}

function expressionsFrom({ masked, markers }: MaskedText, start: number, end: number): readonly number[] {
  let low = 0;
  for (let high = markers.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((markers[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let at = low; at < markers.length && found.length < MAX_OF_WORD; at += 1) {
    const marker = markers[at] ?? end;
    if (marker >= end) break;
    found.push(masked.charCodeAt(marker) - FIRST_MARKER);
  }
  return found;
}

/** The output of a command as a word. */
export function outputOf(command: ShellCommand): ShellWord {
  return { text: command.text, value: '', variables: [], expressions: [], made: [command] };
}
