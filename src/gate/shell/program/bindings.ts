import type { ShellCommand, ShellWord } from '../script.ts';
import type { MaskedText } from '../word.ts';
import type { Meaning, Vocabulary } from './call.ts';
import { Cursor } from './cursor.ts';
import { type ProgramLanguage, tokensOf } from './tokens.ts';
import type { Value } from './value.ts';

/** Members that hold no text of a stranger\u2019s choice. */
const NUMBERS = /\.(?:length|size|id|node_id|status|created_at|updated_at|author_association)$/;
const NONE: readonly never[] = [];

/** The name of what the file of the event holds; no program has one like it. */
const EVENT = '<event>';

/** Arguments by name that are looked at; of more nothing is told. */
const MAX_NAMED = 50;

/** What the names of a program stand for. */
export abstract class Bindings extends Cursor {
  readonly commands: ShellCommand[] = [];
  protected readonly language: ProgramLanguage;
  protected readonly vocabulary: Vocabulary;
  protected readonly prefix: string;
  /** Modules, and what holds the event, by the names that a program gives them. */
  protected readonly aliases = new Map<string, string>();
  protected readonly functions = new Map<string, readonly string[]>();
  readonly #assigned = new Set<string>();
  /** Names of what has opened the file of the event. */
  protected readonly eventFiles = new Set<string>();
  /** Regular expressions by the names that they are given. */
  protected readonly patterns = new Map<string, string>();

  protected constructor(text: MaskedText, language: ProgramLanguage, vocabulary: Vocabulary, prefix: string) {
    super(text, tokensOf(text.masked, language));
    this.language = language;
    this.vocabulary = vocabulary;
    this.prefix = prefix;
  }

  /** The variable that a chain of names is. */
  protected resolve(own: Value, path: string): void {
    if (NUMBERS.test(path)) {
      own.clear();
      own.value = '';
      return;
    }
    const known = this.vocabulary.variableOf(path);
    if (known !== undefined) {
      // What the forge tells is what it tells, and not what it was asked for.
      if (path.includes('()')) own.clear();
      own.variables.push(known);
      own.value = `$${known}`;
    } else if (!path.includes('()') && path !== '' && !path.startsWith('.')) {
      const root = /^(?:process|sys)\.(?:argv|stdin)/.exec(path)?.[0] ?? path.replace(/\..*$/s, '');
      if (root.includes('.') || !this.vocabulary.isKnown(root)) own.variables.push(this.prefix + root);
      own.value = `$${path}`;
    }
  }

  /** What is assigned to names, members of the environment, patterns. */
  protected assign(target: Value, value: Value): void {
    const word = value.word(this.text, this.end());
    const text = this.text.original.slice(target.start, this.end());
    for (const { name, way } of target.pattern)
      this.#bound(name, word, text, value.path === undefined ? undefined : `${value.path}.${way}`);
    const { path } = target;
    if (path === undefined || path.includes('()')) return;
    const known = this.vocabulary.variableOf(path);
    if (known !== undefined) this.set(known, word, text, '');
    else {
      const root = path.replace(/\..*$/s, '');
      this.#bound(root, word, text, root === path ? value.path : undefined);
      if (root === path && value.parameters !== undefined) this.functions.set(root, value.parameters);
    }
  }

  #bound(name: string, word: ShellWord, text: string, way: string | undefined): void {
    const isAlias =
      way !== undefined &&
      !this.#assigned.has(name) &&
      this.vocabulary.isKnown(way) &&
      // Of what is in the environment there are no parts.
      this.vocabulary.variableOf(way)?.startsWith('env:') !== true &&
      (!way.includes('()') || /^(?:github|octokit)\./.test(way));
    if (isAlias) {
      this.aliases.set(name, way);
      return;
    }
    this.aliases.delete(name);
    this.set(name, word, text);
  }

  protected set(name: string, value: ShellWord, text: string, prefix = this.prefix): void {
    this.#assigned.add(name);
    if (value.made.some(({ words }) => words[0]?.variables.includes('env:GITHUB_EVENT_PATH') === true))
      this.eventFiles.add(prefix + name);
    if (/^\/.{1,300}\/[a-z]*$/.test(value.value)) this.patterns.set(name, value.value);
    this.commands.push({
      text,
      name: '',
      words: NONE,
      assigned: [{ name: prefix + name, value }],
      writesTo: NONE,
      readsFrom: NONE,
      fed: NONE,
    });
  }

  /** The event, where its file is taken apart: `json.load(open(os.environ['GITHUB_EVENT_PATH']))`, and members of it. */
  protected eventIn(
    path: string,
    words: readonly ShellWord[],
    { variables, made }: Value,
  ): string | undefined {
    const [key] = words;
    if (path.startsWith(EVENT) && path.endsWith('.get') && key !== undefined && /^\w+$/.test(key.value))
      return `${path.slice(0, -'.get'.length)}.${key.value}`;
    if (!/^(?:json\.loads?|JSON\.parse|require)$/.test(path)) return undefined;
    const named = [...variables, ...made.flatMap((one) => one.words[0]?.variables ?? NONE)];
    return named.some((one) => one === 'env:GITHUB_EVENT_PATH' || this.eventFiles.has(one))
      ? EVENT
      : undefined;
  }

  /** A call, and the programs that it starts, among the commands. */
  protected emitted(
    path: string,
    text: string,
    words: readonly ShellWord[],
    given: Value,
    meaning: Meaning,
  ): ShellCommand {
    const { starts = NONE, plain: _, gives: __, ...own } = meaning;
    const named = [...(given.named?.values() ?? NONE)].slice(0, MAX_NAMED);
    const base = { text, assigned: NONE, writesTo: NONE, readsFrom: NONE, fed: NONE };
    const command: ShellCommand = {
      ...base,
      name: `${this.language}:${path}`,
      words: [...words, ...named],
      ...own,
    };
    this.commands.push(command, ...starts.map(({ name, words: args }) => ({ ...base, name, words: args })));
    return command;
  }
}
