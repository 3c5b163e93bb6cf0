import { type Command, forEachChild, parse, type SyntaxNode } from 'unbash';
import { mask } from './script.ts';

const MAX_SCRIPT = 200_000;

/** How an expression stands in a Bash script. */
export interface ExpressionSpot {
  /** A whole word; a part of one; in double quotes; all that is in single quotes; among other text there; in a here-document. */
  readonly kind: 'word' | 'part' | 'double' | 'single-whole' | 'single' | 'here-document';
  /** What the word is to its command. `list`: words of a `for`, where each blank counts. */
  readonly role: 'argument' | 'assignment' | 'target' | 'test' | 'other' | 'list';
  readonly command?: Command;
}

/** Where the characters from `start` to `end`, an expression, stand; undefined where no variable could stand in its place. */
export function expressionSpot(text: string, start: number, end: number): ExpressionSpot | undefined {
  if (text.length > MAX_SCRIPT) return undefined;
  const script = parse(mask(text));
  if ((script.errors ?? []).length > 0) return undefined;
  const chain: SyntaxNode[] = [];
  for (let node: SyntaxNode | undefined = script; node !== undefined; ) {
    chain.push(node);
    let inner: SyntaxNode | undefined;
    forEachChild(node, (child) => {
      const { pos, end: stop } = child as SyntaxNode & { readonly pos: number; readonly end: number };
      if (pos <= start && end <= stop) inner = child;
    });
    node = inner;
  }
  return spotOf(chain, text, start, end);
}

function spotOf(
  chain: readonly SyntaxNode[],
  text: string,
  start: number,
  end: number,
): ExpressionSpot | undefined {
  const at = chain.findLastIndex(({ type }) => type === 'Word' || type === 'HereDocBody');
  const word = chain[at];
  if (
    word === undefined ||
    chain.some((node) => node.type === 'CommandExpansion' && node.text.startsWith('`'))
  )
    return undefined;
  const command = chain.findLast((node) => node.type === 'Command');
  const inside = chain.slice(at + 1).filter(({ type }) => type !== 'Literal');
  const around = { role: roleOf(chain, at), ...(command !== undefined && { command }) };
  const [only, ...more] = inside;
  if (more.length > 0) return undefined;
  if (word.type === 'HereDocBody') {
    const document = chain[at - 1];
    const expands = document?.type === 'HereDoc' && document.delimiter?.quoted === false;
    return expands && only === undefined ? { kind: 'here-document', ...around } : undefined;
  }
  if (word.type !== 'Word') return undefined;
  if (only === undefined)
    return { kind: word.pos === start && word.end === end ? 'word' : 'part', ...around };
  if (only.type === 'DoubleQuoted') return { kind: 'double', ...around };
  if (only.type !== 'SingleQuoted') return undefined;
  const whole =
    only.pos + 1 === start && only.end - 1 === end && only.pos === word.pos && only.end === word.end;
  return { kind: whole && text[start - 1] === "'" ? 'single-whole' : 'single', ...around };
}

function roleOf(chain: readonly SyntaxNode[], at: number): ExpressionSpot['role'] {
  const word = chain[at];
  const around = chain[at - 1];
  switch (around?.type) {
    case 'Command':
      return around.name === word ? 'other' : 'argument';
    case 'Assignment':
      return around.value === word ? 'assignment' : 'other';
    case 'Redirect':
    case 'HereString':
      return 'target';
    case 'HereDoc':
      return 'argument';
    case 'For':
    case 'Select':
    case 'ArrayValue':
      return 'list';
    case 'Case':
      return 'test';
    default:
      return around?.type.startsWith('Test') === true ? 'test' : 'other';
  }
}
