import type { Attack, PendingAttack } from '../attack.ts';

/** The attacks as docs/replay.md lists them, in Markdown: each with its cases and where it was published. */
export function attackTable(attacks: readonly Attack[], pending: readonly PendingAttack[]): string {
  const cases = attacks.reduce((sum, attack) => sum + attack.cases.length, 0);
  const rows = attacks.map(
    (attack) => `| \`${attack.name}\` | ${attack.title} | ${named(attack)} | ${published(attack)} |`,
  );
  const waiting = pending.map(({ name, title, waitsFor }) => `| \`${name}\` | ${title} | ${waitsFor} |`);
  return [
    `${attacks.length} attacks in ${cases} cases.\n`,
    '| attack | what it is | cases | published as |',
    '| --- | --- | --- | --- |',
    ...rows,
    '\n| pending | what it is | waits for |',
    '| --- | --- | --- |',
    ...waiting,
    '',
  ].join('\n');
}

function named({ cases }: Attack): string {
  return cases.map(({ name }) => `\`${name}\``).join(' ');
}

/** Numbers of published flaws and names of incidents; what is a section of a guide is in `cofferdam replay --list`. */
function published({ sources }: Attack): string {
  const told = sources.flatMap(([what, page]) => (page === undefined ? [] : [`[${what}](${page})`]));
  return told.join(', ');
}
