import type { ExecOutcome } from '../../engine/index.ts';
import type { ProfileName } from '../../zone/index.ts';
import type { Denials } from './denials.ts';
import type { Style } from './style.ts';

type Verdict = 'passed' | 'contained' | 'failed' | 'stopped';

function verdictOf({ exit, denied, broken, timedOut }: ExecOutcome): Verdict {
  if (broken !== undefined || timedOut) return 'stopped';
  if (exit.code !== 0) return 'failed';
  return denied > 0 ? 'contained' : 'passed';
}

/** What `--json` gives (docs/output.md). */
export function told(outcome: ExecOutcome, denials: Denials) {
  const { exit, timedOut, denied, gaps, oomKills, leftBehind, changed, run: folder, broken } = outcome;
  return {
    run: folder.id,
    verdict: verdictOf(outcome),
    exit: { code: exit.code, signal: exit.signal },
    timedOut,
    denied,
    denials: denials.list(),
    gaps,
    oomKills,
    leftBehind,
    ...(changed !== undefined && { changed }),
    ...(broken !== undefined && { refusal: broken }),
  };
}

/** The last line: what came of it, and its record. */
export function closing(outcome: ExecOutcome, style: Style, profile: ProfileName | undefined): string {
  const { denied, gaps, leftBehind, run: folder } = outcome;
  const verdict = verdictOf(outcome);
  const paint = { passed: style.good, contained: style.note, failed: style.bad, stopped: style.bad }[verdict];
  const word = paint(verdict.toUpperCase());
  const left = leftBehind.length === 0 ? '' : `, left behind: ${leftBehind.join(' ')}`;
  const weaker = profile === undefined ? '' : ` · profile ${profile}`;
  return `${word}  ${denied} denied, ${gaps} telemetry gaps${left}${weaker} · record ${folder.id}\n`;
}
