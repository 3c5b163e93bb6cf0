import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { ZoneId } from '../../config/index.ts';
import type { Controls } from '../../zone/index.ts';
import { type Flaw, FLAWS } from './flaws.ts';
import { type Asked, unmet } from './reach.ts';
import { compareReleases, isInSeries, readRelease, type Release } from './version.ts';

/** A program that holds a sandbox, and where it is from. */
export interface Installed {
  readonly program: string;
  /** What it says of itself. */
  readonly version: string;
  /** The Debian package that its file belongs to; absent when it is none's, or the machine has no such packages. */
  readonly package?: { readonly name: string; readonly version: string };
}

/** One flaw that the release has, and what became of it. */
export interface KnownFlaw {
  readonly cve: string;
  readonly state: 'mended' | 'not reachable' | 'accepted' | 'open' | 'unknown';
  readonly why: string;
}

/** What the operator's file accepts, until the end of a day. */
export type Accepted = Controls['isolation']['acceptKnown'];

/**
 * What is known of a program's flaws, in the plan at hand. A release that cannot be read is one flaw of unknown state: nothing is
 * claimed of it. `today` is a day, as `2026-11-25`.
 */
export function knownFlaws(
  installed: Installed,
  asked: Asked,
  accepted: Accepted,
  today: string,
  table: readonly Flaw[] = FLAWS,
): readonly KnownFlaw[] {
  const mine = table.filter(({ program }) => program === installed.program);
  const release = readRelease(installed.version);
  if (release === undefined)
    return mine.length === 0
      ? []
      : [
          {
            cve: 'none',
            state: 'unknown',
            why: `what it says of its release cannot be judged: ${installed.version}`,
          },
        ];
  return mine
    .filter((flaw) => isAffected(flaw, release))
    .map((flaw) => stateOf(flaw, installed, asked, accepted, today));
}

function isAffected({ affected }: Flaw, release: Release): boolean {
  return affected.some(({ from, below }) => {
    const [first, end] = [from, below].map((text) => (text === undefined ? undefined : readRelease(text)));
    return (
      (first === undefined || compareReleases(release, first) >= 0) &&
      (end === undefined || compareReleases(release, end) < 0)
    );
  });
}

function stateOf(
  flaw: Flaw,
  installed: Installed,
  asked: Asked,
  accepted: Accepted,
  today: string,
): KnownFlaw {
  const { cve, closed } = flaw;
  const mend = flaw.mended.find((one) => isMended(one, installed.package));
  if (mend !== undefined) return { cve, state: 'mended', why: `in package ${mend.version}: ${mend.source}` };
  const lacking = closed === undefined ? [] : unmet(closed.when, asked);
  if (closed !== undefined && lacking.length === 0) return { cve, state: 'not reachable', why: closed.why };
  const accept = accepted?.find((one) => one.cve === cve);
  if (accept !== undefined && accept.until >= today)
    return { cve, state: 'accepted', why: `until ${accept.until}: ${accept.reason}` };
  const because = lacking.length > 0 ? ` (here not: ${lacking.join(', ')})` : '';
  const expired = accept === undefined ? '' : `; it was accepted until ${accept.until}`;
  return { cve, state: 'open', why: `${flaw.what}${because}${expired}` };
}

function isMended(mend: Flaw['mended'][number], has: Installed['package']): boolean {
  return has?.name === mend.package && isInSeries(has.version, mend.version);
}

/** Refuses what is open in the untrusted zone; elsewhere the record says it. */
export function refuseOpen(
  installed: Installed,
  flaws: readonly KnownFlaw[],
  zone: ZoneId,
): Result<readonly KnownFlaw[], Refusal> {
  const open = flaws.find(({ state }) => state === 'open');
  if (zone !== 'untrusted' || open === undefined) return ok(flaws);
  const { program, version } = installed;
  const from =
    installed.package === undefined
      ? 'whether its distribution mended it is not known to us'
      : `package ${installed.package.version} is not known to mend it`;
  return err(
    refusal(
      'machine',
      'isolation/known-flaw',
      `${program} ${version} has ${open.cve}: ${open.why}; ${from}`,
      `update ${program}, name another runtime, or accept it in your cofferdam.yaml: ` +
        `zones.untrusted.isolation.acceptKnown: [{cve: ${open.cve}, reason: …, until: YYYY-MM-DD}]`,
    ),
  );
}
