import type { CommandContext } from '../command.ts';

/** Colours, which are empty unless the stream is a terminal that wants them (no-color.org). */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly note: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

function paint(on: boolean, code: number): (text: string) => string {
  return on ? (text) => `\u001b[${code}m${text}\u001b[0m` : (text) => text;
}

export function styleFor(
  stream: CommandContext['stdout'],
  environment: CommandContext['environment'],
): Style {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const on = (environment['FORCE_COLOR'] ?? '') !== '' || (stream.isTTY === true && !refused);
  return {
    good: paint(on, 32),
    bad: paint(on, 31),
    note: paint(on, 33),
    strong: paint(on, 1),
    faint: paint(on, 2),
  };
}
