import { type Refusal, refusal } from '../../base/index.ts';

/** A full or read-only disk, most of all. */
export function cannotPrepare(error: unknown): Refusal {
  return refusal(
    'machine',
    'sandbox/cannot-prepare',
    `the sandbox's own files could not be made: ${error instanceof Error ? error.message : String(error)}`,
    'see that /run has room and can be written',
  );
}

export function noNamespace(): Refusal {
  return refusal(
    'machine',
    'sandbox/no-namespace',
    'the network namespace of the job was not made',
    'see what cofferdam doctor says of this machine',
  );
}
