import type { MendPlan } from '../../fix/mend.ts';
import { conditionAt } from '../../fix/conditions.ts';
import type { Finding } from '../../finding.ts';
import type { Piece } from '../../../workflow/index.ts';
import { expressionsIn } from '../../../workflow/index.ts';
import type { Subject } from '../../subject.ts';

const OPEN = '${{';

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const found = conditionAt(subject, finding);
  if (found === undefined) return undefined;
  const { text } = found.text;
  const whole = text.trim();
  const sources = expressionsIn(text);
  const plan = (title: string, safety: MendPlan['safety'], pieces: readonly Piece[]): MendPlan => ({
    title,
    safety,
    operations: [{ kind: 'rewrite', path: found.path, pieces }],
  });
  if (sources.length === 1 && whole.startsWith(OPEN) && whole.endsWith('}}')) {
    if (whole !== text) return plan('put no line break behind it', 'safe', unwrapped(text, false));
  } else if (sources.length > 0) {
    const pieces = unwrapped(text, true);
    const inner = pieces.reduceRight(
      (all, { start, end, text: put }) => all.slice(0, start) + put + all.slice(end),
      text,
    );
    // Only where what is left is one condition.
    return subject.tree(inner) === undefined
      ? undefined
      : plan('make all of it one condition', 'unsafe', pieces);
  }
  return contained(text, plan);
}

/** The marks around each expression taken away; with `grouped`, parentheses in their place where there is more than a name. */
function unwrapped(text: string, grouped: boolean): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = text.indexOf(OPEN); at !== -1; at = text.indexOf(OPEN, at + 1)) {
    const end = text.indexOf('}}', at);
    if (end === -1) break;
    const inner = text.slice(at + OPEN.length, end).trim();
    const put = !grouped || /^[\w.-]+(?:\([^()]*\))?$/.test(inner) ? inner : `(${inner})`;
    pieces.push({ start: at, end: end + 2, text: put });
  }
  return pieces;
}

/** `contains('a b', x)`: each word by itself. */
function contained(
  text: string,
  plan: (title: string, safety: MendPlan['safety'], pieces: readonly Piece[]) => MendPlan,
): MendPlan | undefined {
  const calls = [...text.matchAll(/\bcontains\(\s*('(?:[^']|'')*')\s*,\s*(?!')/gi)];
  const pieces = calls.flatMap((match) => {
    const [all, literal = ''] = match;
    const start = match.index + all.indexOf(literal);
    const list = listIn(literal.slice(1, -1));
    return list === undefined
      ? []
      : [{ start, end: start + literal.length, text: `fromJSON('${JSON.stringify(list)}')` }];
  });
  if (pieces.length === 0 || pieces.length < calls.length) return undefined;
  const several = pieces.every(({ text: put }) => put.includes('","'));
  return plan('look for the whole word', several ? 'safe' : 'unsafe', pieces);
}

/** The words of a text that is a list of them, or its items when it is JSON. */
function listIn(text: string): readonly string[] | undefined {
  if (text.includes("'")) return undefined;
  if (text.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined;
    } catch {
      return undefined;
    }
  }
  const words = text.split(/[\s,;|]+/).filter((word) => word !== '');
  return words.length === 0 || words.some((word) => !/^[\w./*@:[\]-]+$/.test(word)) ? undefined : words;
}
