import { type AllowEntry, coversRule, ruleOf, ruleText, USUAL_PORTS } from '../../config/index.ts';
import type { Observed } from './observed.ts';
import { suspicionOf } from './suspicion.ts';

export interface LearnedLine {
  readonly entry: AllowEntry;
  /** `kept`: it stood there and was used. `added`: a run asked for it and was denied. */
  readonly how: 'kept' | 'added';
  readonly evidence: string;
}

/** What the runs teach of one zone. */
export interface Learned {
  readonly zone: string;
  /** The smallest list with which what was seen works. */
  readonly lines: readonly LearnedLine[];
  /** Entries that stand there and that no run used. */
  readonly unused: readonly AllowEntry[];
  readonly refused: readonly {
    readonly host: string;
    readonly port?: number;
    readonly why: string;
    readonly evidence: string;
  }[];
}

/** What a person can be asked about; anything else is no question of the allowlist. */
const TEACHABLE = 'not-on-allowlist';

/**
 * Turns what runs did into the smallest allowlist under which they would do it again, for one zone. Nothing is learned from
 * an address, a mismatch or a forbidden range, and nothing that looks like an exfiltration, unless it is in `accepted`.
 */
export function learn(
  zone: string,
  current: readonly AllowEntry[],
  observed: readonly Observed[],
  accepted: readonly string[] = [],
): Learned {
  const here = observed.filter((one) => one.zone === zone);
  const used = new Map<string, Observed[]>();
  for (const one of here) {
    if (one.verdict !== 'allowed' || one.entry === undefined) continue;
    used.set(one.entry, [...(used.get(one.entry) ?? []), one]);
  }
  const asked: LearnedLine[] = [];
  const refused: Learned['refused'][number][] = [];
  for (const one of here) {
    if (one.verdict !== 'denied') continue;
    const place = { host: one.host, ...(one.port !== undefined && { port: one.port }) };
    const teachable = one.reason === TEACHABLE;
    const why = teachable ? suspicionOf(one, here) : `denied for another cause: ${one.reason ?? 'unknown'}`;
    const evidence = evidenceOf([one]);
    if (!teachable || (why !== undefined && !accepted.includes(one.host))) {
      refused.push({ ...place, why: why ?? '', evidence });
      continue;
    }
    const entry =
      one.port === undefined || USUAL_PORTS.includes(one.port) ? one.host : `${one.host}:${one.port}`;
    if (!asked.some((line) => coversRule(line.entry, entry))) asked.push({ entry, how: 'added', evidence });
  }
  // An entry that was written since the run is as good as used by it.
  const usesOf = (entry: AllowEntry): readonly Observed[] | undefined =>
    used.get(ruleText(entry)) ?? used.get(ruleOf(entry).to);
  const isNeeded = (entry: AllowEntry): boolean =>
    usesOf(entry) !== undefined || asked.some((line) => coversRule(entry, line.entry));
  const kept = current.filter(isNeeded).map((entry): LearnedLine => {
    const since = asked.find((line) => coversRule(entry, line.entry))?.evidence;
    return { entry, how: 'kept', evidence: since ?? evidenceOf(usesOf(entry) ?? []) };
  });
  const added = asked.filter(({ entry }) => !kept.some((line) => coversRule(line.entry, entry)));
  const unused = current.filter((entry) => !isNeeded(entry));
  return { zone, lines: [...kept, ...added], unused, refused };
}

function evidenceOf(all: readonly Observed[]): string {
  const times = all.reduce((sum, one) => sum + one.times, 0);
  const programs = [...new Set(all.flatMap((one) => [...one.programs]))];
  const jobs = [...new Set(all.flatMap((one) => [...one.jobs]))];
  const steps = [...new Set(all.flatMap((one) => [...one.steps]))];
  const more = programs.length > 1 ? ` and ${programs.length - 1} other programs` : '';
  return `${times} ${times === 1 ? 'time' : 'times'} in ${jobs.slice(0, 3).join(', ')} (${steps.slice(0, 3).join(', ')}), by ${programs[0]?.slice(0, 120) ?? 'an unknown program'}${more}`;
}
