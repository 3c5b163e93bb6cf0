import { type AllowEntry, type ProgramRule, programText, readsRequests } from '../../config/index.ts';
import { placesOf, programsOf, rulesFor } from './egress-cells.ts';

/** Where both lists let SSH be spoken and `wider` lets other servers answer: by a key that `narrower` does not name, or by any. */
export function hostKeysBeyond(
  wider: readonly AllowEntry[],
  narrower: readonly AllowEntry[],
): readonly string[] {
  const programs = programsOf([...wider, ...narrower]);
  const found = placesOf([...wider, ...narrower]).flatMap(({ host, port }) =>
    programs.flatMap((program) => {
      const [theirs, ours] = [keysOf(wider, host, port, program), keysOf(narrower, host, port, program)];
      if (theirs === undefined || ours === undefined || ours === 'any') return [];
      const place = `${host}${port === undefined ? '' : `:${port}`}`;
      const name = program === undefined ? place : `${place} by ${programText(program)}`;
      if (theirs === 'any')
        return [`any server answers for ${name}, where ${ours.length} host keys were named`];
      return theirs
        .filter((key) => !ours.includes(key))
        .map((key) => `a server with the key ${key.slice(0, 60)}\u2026 answers for ${name}`);
    }),
  );
  return [...new Set(found)];
}

/** Undefined where nothing but requests that are read is allowed. */
function keysOf(
  list: readonly AllowEntry[],
  host: string,
  port: number | undefined,
  program: ProgramRule | undefined,
): readonly string[] | 'any' | undefined {
  const rules = rulesFor(list, host, port, program).filter((rule) => !readsRequests(rule));
  if (rules.length === 0) return undefined;
  return rules.some(({ hostKeys }) => hostKeys === undefined)
    ? 'any'
    : rules.flatMap(({ hostKeys }) => hostKeys ?? []);
}
