import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { Attack, ReplayCase } from './attack.ts';
import type { SideRun } from './ground/side-run.ts';
import { WALLS } from './ground/walls.ts';
import { judge, type ReplayVerdict } from './verdict.ts';

/** One case, replayed. */
export interface Replayed {
  readonly attack: string;
  readonly title: string;
  readonly case: string;
  readonly control: string;
  /** What the off-run lacked. */
  readonly without: readonly string[];
  /** What was seen from outside in either run; absent when it was nothing. */
  readonly harmOff?: string;
  readonly harmOn?: string;
  readonly event: string;
  readonly verdict: ReplayVerdict;
  readonly why: string;
  readonly durationMs: number;
}

export interface ChosenCase {
  readonly attack: Attack;
  readonly one: ReplayCase;
}

/** How a side is run: in a throwaway machine, unless a test says otherwise. */
export type RunSide = (
  attack: string,
  one: string,
  side: 'off' | 'on',
  signal: AbortSignal,
) => Promise<SideRun>;

/** The cases of the attacks that are named, as `ATTACK` or `ATTACK/CASE`; all of them when nothing is named. */
export function chooseCases(
  attacks: readonly Attack[],
  names: readonly string[],
): Result<readonly ChosenCase[], Refusal> {
  const all = attacks.flatMap((attack) => attack.cases.map((one) => ({ attack, one })));
  if (names.length === 0) return ok(all);
  const fits = (chosen: ChosenCase, name: string): boolean =>
    name === chosen.attack.name || name === `${chosen.attack.name}/${chosen.one.name}`;
  const unknown = names.find((name) => !all.some((chosen) => fits(chosen, name)));
  if (unknown !== undefined)
    return err(
      refusal(
        'usage',
        'replay/unknown',
        `there is no attack ${JSON.stringify(unknown)}`,
        'see cofferdam replay --list',
      ),
    );
  return ok(all.filter((chosen) => names.some((name) => fits(chosen, name))));
}

/**
 * Replays each case, one after another: without the control, then with it. Stops early when `signal` is aborted; what was
 * not run then is not in the result. `begun` and `ended` are told as it goes.
 */
export async function replayCases(
  cases: readonly ChosenCase[],
  run: RunSide,
  signal: AbortSignal,
  watch: {
    readonly begun?: (chosen: ChosenCase, side: 'off' | 'on') => void;
    readonly ended?: (replayed: Replayed) => void;
  } = {},
): Promise<readonly Replayed[]> {
  const results: Replayed[] = [];
  for (const chosen of cases) {
    const { attack, one } = chosen;
    watch.begun?.(chosen, 'off');
    const off = await run(attack.name, one.name, 'off', signal);
    if (signal.aborted) break;
    // What does nothing without the control shows nothing with it.
    const proves = off.harm !== undefined && off.failure === undefined;
    if (proves) watch.begun?.(chosen, 'on');
    const on = proves ? await run(attack.name, one.name, 'on', signal) : undefined;
    if (signal.aborted) break;
    const replayed: Replayed = {
      attack: attack.name,
      title: attack.title,
      case: one.name,
      control: one.control,
      without: one.without.map((name) => WALLS[name].title),
      event: one.event.name,
      ...judge(off, on, one.event.name),
      durationMs: off.durationMs + (on?.durationMs ?? 0),
      ...(off.harm !== undefined && { harmOff: off.harm }),
      ...(on?.harm !== undefined && { harmOn: on.harm }),
    };
    results.push(replayed);
    watch.ended?.(replayed);
  }
  return results;
}
