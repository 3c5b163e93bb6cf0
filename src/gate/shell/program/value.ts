import type { ShellWord } from '../script.ts';
import { WordParts } from '../word.ts';

/** What an expression of a program is made of. */
export class Value extends WordParts {
  /** It is one chain of names, `context.payload.issue`, or what one gives, `github.rest.pulls.get().data`. */
  path: string | undefined;
  /** What is in a list that is written out. */
  list: readonly ShellWord[] | undefined;
  /** Of each argument, what is in it where it is a list. */
  lists: (readonly ShellWord[] | undefined)[] | undefined;
  /** What is in an object or among arguments by name. */
  named: Map<string, ShellWord> | undefined;
  /** Names that are bound when something is assigned to it, each with its way into what is assigned. */
  pattern: readonly { readonly name: string; readonly way: string }[] = [];
  /** It is a function with these parameters. */
  parameters: readonly string[] | undefined;
}
