import type { AllowedDestination } from '../contract.ts';

/** The day of which the lines of these files are. Each names where to look whether it still holds. */
export const REVIEWED = '2026-11-25';

/** What is told of a preset to whoever thinks of allowing it. */
export interface Exposure {
  readonly kind: 'registry' | 'source-control' | 'artifacts' | 'toolchain';
  readonly what: string;
  /** What a job can do there that one may not think of, and what is kept from it. */
  readonly exposes: string;
  /** Where its hosts, or what its client does there, are written down by whoever runs it. */
  readonly source: string;
}

/** A preset whose hosts are the same for everybody, each only as far as fetching needs it. */
export interface ReviewedPreset extends Exposure {
  readonly allow: readonly Omit<AllowedDestination, 'entry'>[];
}

/** Requests that fetch. */
export const FETCH = ['GET', 'HEAD'] as const;
