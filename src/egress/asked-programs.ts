import type { ProgramAsker, Target } from './connection-context.ts';
import type { ProgramFlow, ProgramSeen } from './contract.ts';

/** A connection whose program is not told in this time is denied: the one who tells was searching for longer than he may. */
const ANSWER_MS = 5_000;
/** Questions at one time; what is more is not asked, and so denied. */
const MAX_ASKED = 256;
const MAX_CHANGED = 4_096;

/** Asks the control side which program made a connection, and holds what was allowed to it to that program. */
export class AskedPrograms implements ProgramAsker {
  readonly #send: (number: number, flow: ProgramFlow, names: readonly string[]) => void;
  readonly #waiting = new Map<number, (program: ProgramSeen) => void>();
  readonly #held = new Map<number, Set<() => void>>();
  /** Which question an answer was to, and the first question after each process became another. */
  readonly #asked = new WeakMap<ProgramSeen, number>();
  readonly #changed = new Map<number, number>();
  #next = 1;

  constructor(send: (number: number, flow: ProgramFlow, names: readonly string[]) => void) {
    this.#send = send;
  }

  ask({ clientPort, port, address }: Target, names: readonly string[]): Promise<ProgramSeen> {
    if (this.#waiting.size >= MAX_ASKED)
      return Promise.resolve({ known: false, why: 'too many connections were to be looked at at one time' });
    const number = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const done = (program: ProgramSeen): void => {
        clearTimeout(late);
        this.#waiting.delete(number);
        this.#asked.set(program, number);
        resolve(program);
      };
      const late = setTimeout(
        () => done({ known: false, why: 'it could not be told in time which program made it' }),
        ANSWER_MS,
      );
      this.#waiting.set(number, done);
      this.#send(number, { localPort: clientPort, remotePort: port, remoteAddress: address }, names);
    });
  }

  answer(number: number, program: ProgramSeen): void {
    this.#waiting.get(number)?.(program);
  }

  hold(program: ProgramSeen, cut: () => void): () => void {
    if (!program.known) return () => undefined;
    const { pid } = program;
    // It may have become another one between the answer and now.
    if ((this.#changed.get(pid) ?? 0) > (this.#asked.get(program) ?? 0)) {
      cut();
      return () => undefined;
    }
    const held = this.#held.get(pid) ?? new Set();
    held.add(cut);
    this.#held.set(pid, held);
    return () => {
      held.delete(cut);
      if (held.size === 0 && this.#held.get(pid) === held) this.#held.delete(pid);
    };
  }

  becameAnother(pid: number): void {
    this.#changed.delete(pid);
    this.#changed.set(pid, this.#next);
    if (this.#changed.size > MAX_CHANGED) {
      const [oldest] = this.#changed.keys();
      if (oldest !== undefined) this.#changed.delete(oldest);
    }
    const held = this.#held.get(pid) ?? [];
    this.#held.delete(pid);
    for (const cut of held) cut();
  }
}
