import { join } from 'node:path';

/** Where an attack's script lies: beside its `attack.ts`, and beside the bundle. */
export function attackScript(name: string): string {
  return join(import.meta.dirname, 'attacks', name, 'attack.mjs');
}
