import { moonPhase } from 'moon-phase';
import ms from 'ms';
import pc from 'picocolors';

/** A line for each tide: kind, time, how long until then, and the moon. */
export function tideTable(tides, nowMs, colours = pc) {
  return tides.map(({ kind, atMs }) => {
    const name = kind === 'high' ? colours.cyan('high') : colours.dim('low ');
    const time = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
    return `${name}  ${time}  in ${ms(atMs - nowMs).padEnd(4)}  ${moonPhase(atMs)}`;
  });
}
