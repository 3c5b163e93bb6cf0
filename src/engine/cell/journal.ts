import type { RecordEvent } from '../../audit/index.ts';

/**
 * Where everything that happens is written. `durable` waits until it is on disk: nothing that grants happens before.
 * A journal that cannot write rejects, and what asked is then refused.
 */
export interface Journal {
  write(event: RecordEvent, options?: { readonly durable?: boolean }): Promise<void>;
}

/** Watches a run go by: the same events as the record's, and the lines of output. */
export interface RunObserver {
  event(event: RecordEvent): void;
  /** Already masked; bytes of the job, never to be shown raw on a terminal. */
  output(line: { readonly jobId: string; readonly stepId: string; readonly text: string }): void;
}
