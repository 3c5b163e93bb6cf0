import { visible } from '../../audit/index.ts';
import { type EgressCell, type PolicyChange } from '../../zone/index.ts';
import type { Style } from './style.ts';

const SIGNS = { opened: '+', closed: '-', changed: '~' } as const;
const EVERY_SPEECH = 9;

/** The changes by zone, what was opened first; kinds of speech and ports that change alike share a line. */
export function renderPolicyChanges(changes: readonly PolicyChange[], style: Style): string {
  const lines: string[] = [];
  for (const zone of new Set(changes.map((change) => change.zone))) {
    lines.push(zone === undefined ? 'whom the policy trusts' : `zone ${zone}`);
    const here = changes.filter((change) => change.zone === zone);
    for (const direction of ['opened', 'changed', 'closed'] as const) {
      const found = here.filter((change) => change.direction === direction);
      const cells = found.flatMap(({ egress }) => (egress === undefined ? [] : [egress]));
      const texts = [
        ...cellLines(cells).map((what) => `egress.allow  ${what}`),
        ...found.filter(({ egress }) => egress === undefined).map(({ key, what }) => `${key}  ${what}`),
      ];
      for (const text of texts) {
        const line = `  ${SIGNS[direction]} ${direction}  ${visible(text, 400)}`;
        lines.push(direction === 'closed' ? style.faint(line) : style.note(line));
      }
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** What any program may do is not said again of each that is named. */
function withoutImplied(cells: readonly EgressCell[]): readonly EgressCell[] {
  const key = ({ host, port, speech, paths }: EgressCell): string =>
    JSON.stringify([host, port, speech, paths]);
  const ofAny = new Set(cells.filter(({ program }) => program === undefined).map(key));
  return cells.filter((cell) => cell.program === undefined || !ofAny.has(key(cell)));
}

export function cellLines(cells: readonly EgressCell[]): readonly string[] {
  const bySpeech = merge(
    withoutImplied(cells),
    ({ host, port, program, paths }) => JSON.stringify([host, port, program, paths]),
    ({ speech }) => speech,
  );
  const byPort = merge(
    bySpeech,
    ({ one, merged }) => JSON.stringify([one.host, one.program, one.paths, merged]),
    ({ one }) => one.port,
  );
  return byPort.map(({ one: { one, merged: speech }, merged: ports }) => {
    const known = ports.filter((port) => port !== undefined);
    const said =
      speech.length === EVERY_SPEECH
        ? 'anything'
        : speech.length === EVERY_SPEECH - 1 && !speech.includes('what is not HTTP')
          ? 'any request'
          : speech.join(', ');
    const paths = one.paths.includes('/**') ? '' : `  at ${one.paths.join(' ')}`;
    const example = one.example === '/' || one.example === '/other' ? '' : `  (for example ${one.example})`;
    const by = one.program === undefined ? '' : `  by ${one.program}`;
    return `${one.host}${known.length === 0 ? '' : ` port ${known.join(', ')}`}${by}  ${said}${paths}${example}`;
  });
}

function merge<T, M>(
  items: readonly T[],
  alike: (item: T) => string,
  differing: (item: T) => M,
): readonly { readonly one: T; readonly merged: readonly M[] }[] {
  const groups = new Map<string, { readonly one: T; readonly merged: M[] }>();
  for (const item of items) {
    const group = groups.get(alike(item));
    if (group === undefined) groups.set(alike(item), { one: item, merged: [differing(item)] });
    else group.merged.push(differing(item));
  }
  return [...groups.values()];
}
