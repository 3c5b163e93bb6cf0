import { compareTiers, type IsolationTier, type ProfileName, type RuntimeName } from '../config/index.ts';
import type { Controls } from './controls.ts';

/** What the one who starts a run asks of its walls. */
export interface AskedIsolation {
  /** At least this. */
  readonly tier?: IsolationTier;
  /** This one, or nothing. */
  readonly runtime?: RuntimeName;
  /** This need besides, at the price of a wall. */
  readonly profile?: ProfileName;
}

/** The stronger of what the zone has and what is asked; a runtime that is weaker than that is refused when it is chosen. */
export function withIsolation(controls: Controls, asked: AskedIsolation): Controls {
  const { floor } = controls.isolation;
  const tier = asked.tier !== undefined && compareTiers(asked.tier, floor) > 0 ? asked.tier : floor;
  const runtime = asked.runtime ?? controls.isolation.runtime;
  return {
    ...controls,
    isolation: { ...controls.isolation, floor: tier, ...(runtime !== undefined && { runtime }) },
  };
}
