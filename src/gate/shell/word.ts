import { markersIn, type ShellCommand, type ShellWord } from './script.ts';

/** A script as it is written, and with private characters in the place of its expressions. */
export interface MaskedText {
  readonly original: string;
  readonly masked: string;
}

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
  take({ value, variables, made }: WordParts): void {
    this.value += value;
    // One by one: a hostile word may have more of them than a call takes arguments.
    for (const one of variables) this.variables.push(one);
    for (const one of made) this.made.push(one);
  }

  /** It has been found to hold nothing of what it was made of: a number, or whether something is so. */
  clear(): void {
    this.variables = [];
    this.made = [];
  }

  word({ original, masked }: MaskedText, end: number): ShellWord {
    return {
      text: original.slice(this.start, end),
      value: this.value,
      variables: this.variables,
      expressions: markersIn(masked.slice(this.start, end)),
      made: this.made,
    };
  }
}

/** The output of a command as a word. */
export function outputOf(command: ShellCommand): ShellWord {
  return { text: command.text, value: '', variables: [], expressions: [], made: [command] };
}
