/** What one run of a case gave: written by the process inside of the throwaway machine, read by the one outside. */
export interface SideRun {
  /** The harm that was seen from outside of the sandbox, in words; absent when there was none. */
  readonly harm?: string;
  /** Why the run proves nothing. */
  readonly failure?: string;
  /** The refusal's rule and reason, when the run with the control on was refused for what the machine lacks. */
  readonly refused?: string;
  /** Of the run with the control on. */
  readonly record?: {
    readonly state: 'whole' | 'unfinished' | 'broken';
    readonly events: number;
    /** Whether a step was started, unless none may be. */
    readonly began: boolean;
    /** Whether it holds the expected event. */
    readonly expected: boolean;
  };
  /** The end of what the jobs printed, for who writes an attack; as bytes, one character each. */
  readonly said?: string;
  readonly durationMs: number;
}

export type FromGround =
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'ended'; readonly side: SideRun };
