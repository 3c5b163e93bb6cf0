/** A case of a rule, as far as it shows what `--fix` does. */
export interface MendedCase {
  readonly workflow?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly fixed?: string;
  readonly 'fixed-unsafe'?: string;
}

/**
 * What a rule's page says of `--fix`: by the rule's cases, which a test holds against what the product does, so that the page says
 * neither more nor less. `npm run reference` writes it.
 */
export function fixLine(mends: boolean, cases: readonly MendedCase[]): string {
  const name = '`cofferdam check --fix`';
  if (!mends) return `${name} leaves it to you.`;
  const before = (one: MendedCase): string => one.workflow ?? Object.values(one.files ?? {})[0] ?? '';
  const safe = cases.some((one) => one.fixed !== undefined && one.fixed !== before(one));
  const unsafe = cases.some(
    (one) => one['fixed-unsafe'] !== undefined && one['fixed-unsafe'] !== (one.fixed ?? before(one)),
  );
  if (safe && unsafe)
    return `${name} mends it where that is safe, and more with \`--fix=unsafe\`, to look at.`;
  return safe ? `${name} mends it where it can.` : `${name} mends it only as \`--fix=unsafe\`, to look at.`;
}

/** A rule's page with that line at the beginning of what mends a finding. */
export function withFixLine(page: string, line: string): string {
  return page.replace(/^## Mend\n(?:`cofferdam check --fix` [^\n]*\n\n?)?/m, () => `## Mend\n${line}\n\n`);
}
