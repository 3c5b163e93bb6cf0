import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { type IsolationTier, type RuntimeName, TIER_OF } from '../config/index.ts';
import type { Attack, ReplayCase } from './attack.ts';
import type { SideRun } from './ground/side-run.ts';
import type { Need } from './needs.ts';
import { WALLS } from './ground/walls.ts';
import { judge, type ReplayVerdict } from './verdict.ts';

/** One case, replayed with one runtime. */
export interface Replayed {
  readonly attack: string;
  readonly title: string;
  readonly case: string;
  readonly control: string;
  readonly tier: IsolationTier;
  readonly runtime: RuntimeName;
  /** What the off-run lacked. */
  readonly without: readonly string[];
  /** What was seen from outside in either run; absent when it was nothing. */
  readonly harmOff?: string;
  readonly harmOn?: string;
  readonly saidOff?: string;
  readonly saidOn?: string;
  readonly event: string;
  readonly verdict: ReplayVerdict;
  readonly why: string;
  readonly durationMs: number;
}

/** What a sandbox is made with. */
export interface ReplayRuntime {
  readonly name: RuntimeName;
  /** A program that stands for the installed one in the throwaway machines; absolute. */
  readonly program?: string;
}

export interface ChosenCase {
  readonly attack: Attack;
  readonly one: ReplayCase;
  readonly runtime: ReplayRuntime;
}

/** How a side is run: in a throwaway machine, unless a test says otherwise. */
export type RunSide = (
  attack: string,
  one: string,
  side: 'off' | 'on',
  runtime: ReplayRuntime,
  signal: AbortSignal,
) => Promise<SideRun>;

/**
 * The cases of the attacks that are named, as `ATTACK` or `ATTACK/CASE`; all of them when nothing is named. Each once for
 * each runtime, one runtime after the other.
 */
export function chooseCases(
  attacks: readonly Attack[],
  names: readonly string[],
  runtimes: readonly ReplayRuntime[],
): Result<readonly ChosenCase[], Refusal> {
  const all = attacks.flatMap((attack) => attack.cases.map((one) => ({ attack, one })));
  const fits = (chosen: Omit<ChosenCase, 'runtime'>, name: string): boolean =>
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
  const wanted = names.length === 0 ? all : all.filter((chosen) => names.some((name) => fits(chosen, name)));
  return ok(runtimes.flatMap((runtime) => wanted.map((chosen) => ({ ...chosen, runtime }))));
}

export interface ReplayHow {
  /** Runs one side of a case. */
  readonly run: RunSide;
  /** Why the machine lacks what a case needs. */
  readonly lackOf: (need: Need) => string | undefined;
  /** So many cases at a time, each in throwaway machines of its own. */
  readonly atOnce: number;
  /** Both are told as it goes. */
  readonly begun?: (chosen: ChosenCase, side: 'off' | 'on') => void;
  readonly ended?: (replayed: Replayed, chosen: ChosenCase) => void;
}

/**
 * Replays each case without the control, then with it. Stops early when `signal` is aborted; what was not run to its end then
 * is not in the result, which is in the order of the cases.
 */
export async function replayCases(
  cases: readonly ChosenCase[],
  how: ReplayHow,
  signal: AbortSignal,
): Promise<readonly Replayed[]> {
  const results = new Map<ChosenCase, Replayed>();
  const waiting = [...cases];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const replayed = await replayCase(next, how, signal);
      if (replayed === undefined) return;
      results.set(next, replayed);
      how.ended?.(replayed, next);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, how.atOnce) }, work));
  return cases.flatMap((chosen) => results.get(chosen) ?? []);
}

/** Undefined when it was cut off. */
async function replayCase(
  chosen: ChosenCase,
  how: ReplayHow,
  signal: AbortSignal,
): Promise<Replayed | undefined> {
  const { attack, one, runtime } = chosen;
  const about = {
    attack: attack.name,
    title: attack.title,
    case: one.name,
    control: one.control,
    tier: TIER_OF[runtime.name],
    runtime: runtime.name,
    without: one.without.map((name) => WALLS[name].title),
    event: (one.eventWith?.[runtime.name] ?? one.event).name,
  };
  const senseless =
    one.notWith?.[runtime.name] ?? (one.needs === undefined ? undefined : how.lackOf(one.needs));
  if (senseless !== undefined)
    return signal.aborted
      ? undefined
      : { ...about, verdict: 'not-applicable', why: senseless, durationMs: 0 };
  if (signal.aborted) return undefined;
  how.begun?.(chosen, 'off');
  const off = await how.run(attack.name, one.name, 'off', runtime, signal);
  if (signal.aborted) return undefined;
  // What does nothing without the control shows nothing with it.
  const proves = off.harm !== undefined && off.failure === undefined;
  if (proves) how.begun?.(chosen, 'on');
  const on = proves ? await how.run(attack.name, one.name, 'on', runtime, signal) : undefined;
  if (signal.aborted) return undefined;
  return {
    ...about,
    ...judge(off, on, about.event),
    durationMs: off.durationMs + (on?.durationMs ?? 0),
    ...(off.harm !== undefined && { harmOff: off.harm }),
    ...(off.said !== undefined && { saidOff: off.said }),
    ...(on?.said !== undefined && { saidOn: on.said }),
    ...(on?.harm !== undefined && { harmOn: on.harm }),
  };
}
