import { constants } from 'node:os';

function named(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(table)) if (!names.has(number)) names.set(number, name);
  return names;
}

const SIGNALS = named(constants.signals);
const ERRORS = named(constants.errno);

export function signalName(number: number): string {
  return SIGNALS.get(number) ?? `SIG${number}`;
}

export function errorName(number: number): string {
  return ERRORS.get(number) ?? `errno ${number}`;
}
