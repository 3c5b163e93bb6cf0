import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Something open, which is closed once however often that is asked for. */
export interface Held<T> {
  readonly it: T;
  readonly close: () => Promise<unknown>;
}

/**
 * What a bench has open, so that a signal leaves no more behind than its end does: a sandbox that is being opened when the
 * signal comes is waited for, and closed.
 */
export class OpenThings {
  readonly #closers = new Set<() => Promise<unknown>>();
  #closing = false;

  /** Once a signal has come nothing is opened any more: whoever asks waits until the process ends. */
  async hold<T>(open: () => Promise<T> | T, close: (it: T) => Promise<unknown> | unknown): Promise<Held<T>> {
    if (this.#closing) return new Promise(() => undefined);
    const opening = (async () => open())();
    let closed: Promise<unknown> | undefined;
    const once = (): Promise<unknown> => {
      closed ??= opening.then(close).finally(() => this.#closers.delete(once));
      return closed;
    };
    this.#closers.add(once);
    try {
      return { it: await opening, close: once };
    } catch (error) {
      this.#closers.delete(once);
      throw error;
    }
  }

  /** Runs a program that says nothing; gives whether it ended well. */
  async ran(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<boolean> {
    const start = (): { readonly child: ChildProcess; readonly ended: Promise<boolean> } => {
      const child = spawn(program, args, { cwd, env, stdio: 'ignore' });
      const ended = new Promise<boolean>((resolve) => {
        child.once('error', () => resolve(false)).once('exit', (status) => resolve(status === 0));
      });
      return { child, ended };
    };
    // It is asked to end, so that it can clear up what it made itself.
    const held = await this.hold(start, ({ child, ended }) => {
      child.kill('SIGTERM');
      return ended;
    });
    const well = await held.it.ended;
    await held.close();
    return well;
  }

  /** Gives what `work` gives; what fails because it was closed in the middle is no failure of the bench. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#closing) return new Promise(() => undefined);
      throw error;
    }
  }

  async closeAll(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([...this.#closers].map((close) => close()));
  }
}

/** Closes all of it at a signal, then does `last`, and ends as a program does that the signal ended. */
export function endBySignal(things: OpenThings, last: () => void): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      void things.closeAll().then(() => {
        last();
        process.exit(128 + constants.signals[name]);
      });
    });
}
