import { readComments } from '../workflow/index.ts';
import type { Finding } from './finding.ts';
import type { Source } from './repository/model.ts';
import { RULES } from './rules.ts';

/** A comment that asks for findings not to count. */
export interface Suppression {
  readonly file: string;
  readonly line: number;
  /** Rules, by our id. */
  readonly rules: ReadonlySet<string>;
  /** Whose comment it is. */
  readonly by: 'cofferdam' | 'zizmor' | 'policy';
  readonly reason: string;
  /** The lines that it speaks of begin here. */
  readonly covers: number;
}

export interface Suppressed {
  readonly finding: Finding;
  readonly by: Suppression;
}

export interface Sifted {
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
}

/** `cofferdam: ignore[rule, rule] reason`, with `until YYYY-MM-DD` in the reason if it is to end; zizmor\u2019s own form needs none. */
const FORM = /^\s*(cofferdam|zizmor):\s*ignore\[([\w\s,/-]{1,500})\]\s*(.*)$/s;
const LEAST_REASON = 10;

const THEIRS: ReadonlyMap<string, readonly string[]> = RULES.reduce((all, { id, alsoKnownAs }) => {
  for (const other of alsoKnownAs) all.set(other, [...(all.get(other) ?? []), id]);
  return all;
}, new Map<string, readonly string[]>());

/**
 * Takes out what comments in these files answer for. Ours counts only with a reason, and until its day; one that does not count is
 * a finding itself. `today` is a day in UTC, `2026-11-25`.
 */
export async function sift(
  sources: readonly Source[],
  findings: readonly Finding[],
  today: string,
): Promise<Sifted> {
  const suppressions: Suppression[] = [];
  const wrong: Finding[] = [];
  const headers = new Map<string, ReadonlyMap<number, number>>();
  for (const source of sources) {
    if (!source.text.includes('ignore[')) continue;
    const read = await readComments(source.text);
    headers.set(source.path, read.headers);
    for (const { text, line, alone } of read.comments) {
      const [, tool, names = '', words = ''] = FORM.exec(text.slice(0, 2_000)) ?? [];
      if (tool === undefined) continue;
      const by = tool === 'zizmor' ? 'zizmor' : 'cofferdam';
      const reason = words.trim();
      const rules = named(by, names);
      const why = by === 'zizmor' ? undefined : whyNot(reason, rules, names, today);
      if (why === undefined)
        suppressions.push({ file: source.path, line, rules, by, reason, covers: alone ? line + 1 : line });
      else wrong.push(notCounted(source.path, line, text.length, why));
    }
  }
  const suppressed: Suppressed[] = [];
  const left = findings.filter((finding) => {
    const { file, line } = finding.at;
    const header = headers.get(file)?.get(line);
    const by = suppressions.find(
      (one) =>
        one.file === file && one.rules.has(finding.rule) && (one.covers === line || one.covers === header),
    );
    if (by !== undefined) suppressed.push({ finding, by });
    return by === undefined;
  });
  return { findings: [...left, ...wrong], suppressed };
}

function named(by: Suppression['by'], names: string): ReadonlySet<string> {
  const words = names.split(',').map((name) => name.trim());
  return new Set(words.flatMap((name) => (by === 'zizmor' ? (THEIRS.get(`zizmor/${name}`) ?? []) : [name])));
}

function whyNot(
  reason: string,
  rules: ReadonlySet<string>,
  names: string,
  today: string,
): string | undefined {
  const unknown = [...rules].find((id) => !RULES.some((rule) => rule.id === id));
  if (unknown !== undefined) return `${JSON.stringify(names)} names no rule of the gate`;
  const until = /\buntil (\d{4}-\d{2}-\d{2})\b/.exec(reason)?.[1];
  if (until !== undefined && until < today) return `its day has passed: ${until}`;
  return reason.replace(/\buntil \d{4}-\d{2}-\d{2}\b/, '').trim().length < LEAST_REASON
    ? 'it gives no reason'
    : undefined;
}

function notCounted(file: string, line: number, length: number, why: string): Finding {
  return {
    rule: 'suppression',
    severity: 'medium',
    confidence: 'high',
    persona: 'default',
    at: { file, line, column: 1, length },
    message: `the comment that suppresses findings does not count: ${why}`,
    fix: 'write # cofferdam: ignore[RULE] and behind it the reason; until YYYY-MM-DD ends it',
  };
}
