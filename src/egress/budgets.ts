import type { AllowedDestination } from './contract.ts';

/** What one job has used of each entry that has a bound, so that an allowed host is not a drain without end. */
export class Budgets {
  readonly #used = new Map<AllowedDestination, { upload: number; download: number; requests: number }>();

  /** Whether a connection under this entry must be counted byte by byte. */
  static counts(entry: AllowedDestination): boolean {
    return entry.uploadBytes !== undefined || entry.downloadBytes !== undefined;
  }

  /** An entry that takes the place of others begins with all that was used under them: it is no new allowance. */
  inherit(entry: AllowedDestination, from: readonly AllowedDestination[]): void {
    const used = { upload: 0, download: 0, requests: 0 };
    for (const one of from) {
      const before = this.#used.get(one);
      used.upload += before?.upload ?? 0;
      used.download += before?.download ?? 0;
      used.requests += before?.requests ?? 0;
    }
    this.#used.set(entry, used);
  }

  /** Takes from the entry's bounds; false, with nothing taken, when one of them would be exceeded. */
  take(
    entry: AllowedDestination,
    amount: { readonly upload?: number; readonly download?: number; readonly requests?: number },
  ): boolean {
    const used = this.#used.get(entry) ?? { upload: 0, download: 0, requests: 0 };
    const upload = used.upload + (amount.upload ?? 0);
    const download = used.download + (amount.download ?? 0);
    const requests = used.requests + (amount.requests ?? 0);
    if (
      upload > (entry.uploadBytes ?? Number.POSITIVE_INFINITY) ||
      download > (entry.downloadBytes ?? Number.POSITIVE_INFINITY) ||
      requests > (entry.requests ?? Number.POSITIVE_INFINITY)
    ) {
      return false;
    }
    this.#used.set(entry, { upload, download, requests });
    return true;
  }
}
