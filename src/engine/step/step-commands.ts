import { parseCommandLine } from '../../workflow/index.ts';

/** What a step said through its output, beside the lines themselves. */
export interface StepOutcomeData {
  readonly outputs: Record<string, string>;
  /** For the post phase of the same action: `STATE_name`. */
  readonly state: Record<string, string>;
  /** A command could not be obeyed: the step fails, as on GitHub. */
  failed: boolean;
}

/** One use of a command, for the record: names, never values. */
export interface CommandUse {
  readonly command: string;
  readonly names: readonly string[];
  readonly refused?: string;
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface StepCommandsOwner {
  /** Why it is not hidden, when it is not. */
  readonly mask: (value: string) => string | undefined;
  readonly used: (use: CommandUse) => void;
  readonly annotate: (annotation: Annotation) => void;
}

/** Names that the runner knows, and that a stop token may therefore not be. */
const REGISTERED = new Set([
  'set-output',
  'save-state',
  'set-env',
  'add-path',
  'add-mask',
  'add-matcher',
  'remove-matcher',
  'group',
  'endgroup',
  'debug',
  'notice',
  'warning',
  'error',
  'stop-commands',
  'echo',
  'pause-logging',
]);
/** What an annotation may say of its place (GitHub's workflow commands reference). */
const POINTERS = ['file', 'line', 'endLine', 'col', 'endColumn', 'title'];

function pointed(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    POINTERS.flatMap((name) => {
      const found = Object.entries(properties).find(([key]) => key.toLowerCase() === name.toLowerCase());
      return found === undefined ? [] : [[name, found[1].slice(0, 1_000)]];
    }),
  );
}

const MAX_USES = 1_000;
const MAX_ANNOTATIONS = 1_000;
/** Of outputs and state together, as much as the files for them may hold. */
const MAX_KEPT = 1_048_576;
const MAX_NAMES = 5_000;

/**
 * Obeys the commands in a step's output (`::name key=value::data`; GitHub's workflow commands reference). Output is the
 * job's and hostile: commands that set variables and paths this way are refused (GHSA-mfwh-5m23-j46w), values are bounded.
 */
export class StepCommands {
  readonly data: StepOutcomeData = { outputs: {}, state: {}, failed: false };
  readonly #owner: StepCommandsOwner;
  #stopToken: string | undefined;
  #uses = 0;
  #annotations = 0;
  #kept = 0;
  #names = 0;

  constructor(owner: StepCommandsOwner) {
    this.#owner = owner;
  }

  /** Gives the line to show, or undefined when it is not shown. */
  line(line: string): string | undefined {
    const found = parseCommandLine(line);
    if (found === undefined) return line;
    if (this.#stopToken !== undefined) {
      if (found.command !== this.#stopToken) return line;
      this.#stopToken = undefined;
      return line;
    }
    return this.#obey(found.command.toLowerCase(), found.properties, found.data, line);
  }

  #obey(
    command: string,
    properties: Readonly<Record<string, string>>,
    data: string,
    line: string,
  ): string | undefined {
    const name = properties['name'] ?? '';
    switch (command) {
      case 'set-output':
        return this.#set(this.data.outputs, command, name, data);
      case 'save-state':
        return this.#set(this.data.state, command, name, data);
      case 'set-env':
      case 'add-path':
        this.#use({ command, names: name === '' ? [] : [name], refused: 'use the file command instead' });
        this.#annotate({
          level: 'error',
          message: `The command ${command} is disabled; write to $${command === 'set-env' ? 'GITHUB_ENV' : 'GITHUB_PATH'} instead.`,
          properties: {},
        });
        this.data.failed = true;
        return undefined;
      case 'add-mask':
        this.#use({ command, names: [] });
        if (data.trim() !== '') this.#mask(data);
        return undefined;
      case 'stop-commands':
        if (data === '' || REGISTERED.has(data.toLowerCase())) {
          this.#use({ command, names: [], refused: 'the token is empty or the name of a command' });
          this.data.failed = true;
          return line;
        }
        this.#use({ command, names: [] });
        this.#mask(data);
        this.#stopToken = data;
        return line;
      case 'error':
      case 'warning':
      case 'notice':
        this.#annotate({ level: command, message: data, properties: pointed(properties) });
        return `${command[0]?.toUpperCase() ?? ''}${command.slice(1)}: ${data}`;
      case 'group':
        return `▶ ${data}`;
      case 'endgroup':
        return undefined;
      case 'add-matcher':
      case 'remove-matcher':
        this.#use({ command, names: [], refused: 'problem matchers are not applied' });
        return undefined;
      case 'debug':
      case 'echo':
        this.#use({ command, names: [] });
        return undefined;
      default:
        return line;
    }
  }

  #set(into: Record<string, string>, command: string, name: string, value: string): undefined {
    this.#kept += name.length + value.length;
    this.#names += 1;
    if (name === '' || name.length > 1_000 || this.#kept > MAX_KEPT || this.#names > MAX_NAMES) {
      this.#use({ command, names: [], refused: 'its name is missing, or there is too much of it' });
      this.data.failed = true;
      return undefined;
    }
    Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
    this.#use({ command, names: [name] });
    return undefined;
  }

  #mask(value: string): void {
    const why = this.#owner.mask(value);
    if (why !== undefined)
      this.#annotate({ level: 'warning', message: `not masked: ${why}`, properties: {} });
  }

  #annotate(annotation: Annotation): void {
    this.#annotations += 1;
    if (this.#annotations <= MAX_ANNOTATIONS) this.#owner.annotate(annotation);
    else if (this.#annotations === MAX_ANNOTATIONS + 1)
      this.#owner.annotate({
        level: 'warning',
        message: 'Further annotations are not listed',
        properties: {},
      });
  }

  #use(use: CommandUse): void {
    this.#uses += 1;
    if (this.#uses <= MAX_USES) this.#owner.used(use);
    else if (this.#uses === MAX_USES + 1)
      this.#owner.used({ command: 'more', names: [], refused: 'further uses in this step are not listed' });
  }
}
