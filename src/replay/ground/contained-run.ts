import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RecordEvent, verifyRecord } from '../../audit/index.ts';
import { openStateFolder, type StateFolder } from '../../store/index.ts';

/** The state folder of the product in a throwaway machine. */
export const STATE = '/run/replay/state';

export function replayState(): StateFolder {
  const state = openStateFolder({ COFFERDAM_STATE: STATE });
  if (!state.ok) throw new Error(state.error.why);
  return state.value;
}

export function runIds(): readonly string[] {
  try {
    return readdirSync(join(STATE, 'runs'));
  } catch {
    return [];
  }
}

/** What the product recorded of everything that it ran, and the state of the worst of its records. */
export async function readRecords(): Promise<{
  readonly state: 'whole' | 'unfinished' | 'broken';
  readonly events: readonly RecordEvent[];
}> {
  const state = replayState();
  const events: RecordEvent[] = [];
  let worst: 'whole' | 'unfinished' | 'broken' = 'whole';
  for (const id of runIds()) {
    const verified = await verifyRecord({
      directory: join(state.runs, id, 'record'),
      keysFolder: state.keys,
      runId: id,
      each: (event) => events.push(event),
    });
    if (verified.state !== 'whole' && worst !== 'broken') worst = verified.state;
  }
  return { state: worst, events };
}

/** Every file that the product keeps of its runs, records and logs, by path and bytes (one character each). */
export function keptFiles(): readonly { readonly path: string; readonly text: string }[] {
  try {
    return readdirSync(STATE, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path, text: readFileSync(path, 'latin1') }));
  } catch {
    return [];
  }
}
