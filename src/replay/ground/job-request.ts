import type { BoundPath } from '../../sandbox/index.ts';
import type { Controls } from '../../zone/index.ts';

/** One job of a case: the same for both sides. */
export interface JobRequest {
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly controls: Controls;
  readonly readPaths: readonly BoundPath[];
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly timeoutMs: number;
  readonly output: (chunk: Buffer) => void;
}
