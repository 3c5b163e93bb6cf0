import { type RecordEvent, visible } from '../../audit/index.ts';

const MOST_NAMED = 20;

/** Gathers what was let through only to be observed, to be told loudly: nothing held it. */
export class ObservedConnections {
  readonly #places = new Map<string, number>();
  #more = 0;

  take(event: RecordEvent): void {
    if (event.type !== 'network.connection' || event.wouldDeny === undefined) return;
    const place = `${event.host ?? event.address}:${event.port}`;
    const known = this.#places.get(place);
    if (known !== undefined || this.#places.size < 1_000) this.#places.set(place, (known ?? 0) + 1);
    else this.#more += 1;
  }

  /** At a job's beginning. Empty when its network is held to a list. */
  static beginning(event: RecordEvent): string {
    if (event.type !== 'zone.decided') return '';
    const { egress } = event.controls as { readonly egress?: { readonly observe?: boolean } };
    return egress?.observe === true
      ? `cofferdam: job ${visible(event.job)}: OBSERVED ONLY: its network is not held to its list; what is not on it is let through and noted\n`
      : '';
  }

  /** At the end. Empty when nothing was. */
  ending(run: string): string {
    const places = [...this.#places].toSorted(([, a], [, b]) => b - a);
    if (places.length === 0) return '';
    const shown = places
      .slice(0, MOST_NAMED)
      .map(([place, times]) => `  ${visible(place, 200)}   ${times}\n`);
    const hosts = places.length + this.#more;
    return [
      `cofferdam: OBSERVED ONLY: ${hosts} destination${hosts === 1 ? '' : 's'} not on the list ${hosts === 1 ? 'was' : 'were'} let through\n`,
      ...shown,
      places.length > MOST_NAMED ? `  and ${hosts - MOST_NAMED} more\n` : '',
      `  fix: cofferdam policy learn ${run} makes a list of them; then take observe out\n`,
    ].join('');
  }
}
