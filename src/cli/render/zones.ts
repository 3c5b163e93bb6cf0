import { visible } from '../../audit/index.ts';
import type { PlacedRun } from '../../gate/index.ts';
import type { Style } from './style.ts';

/** Each job with the zones that its runs can be in at most, and why. */
export function renderZones(runs: readonly PlacedRun[], style: Style): string {
  const lines: string[] = [];
  let before = '';
  for (const { workflow, job, event, of, zone, why } of runs) {
    const name = `${visible(workflow)}  ${visible(job, 100)}`;
    if (name !== before) lines.push(name);
    before = name;
    const shown = zone === 'untrusted' ? style.good(zone) : zone;
    lines.push(`  at most ${shown}  on ${visible(event, 100)} of ${of}: ${visible(why, 300)}`);
  }
  return lines.length === 0 ? 'no job is run by any event\n' : `${lines.join('\n')}\n`;
}
