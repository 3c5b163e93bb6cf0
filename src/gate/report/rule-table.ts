import { RULES } from '../rules.ts';

/** The table of `docs/check.md`; `npm run reference` writes it. */
export function ruleTable(): string {
  const rows = RULES.map(
    ({ id, title, severity, persona, guide, alsoKnownAs }) =>
      `| [\`${id}\`](../src/gate/rules/${id}/rule.md) | ${title} | ${severity} | ${persona} | ${guide.join(' ')} | ${alsoKnownAs.map((name) => `\`${name}\``).join(' ')} |`,
  );
  return `${['| rule | what | severity | persona | guide | elsewhere |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}
