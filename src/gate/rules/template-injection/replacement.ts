import type { Piece } from '../../../workflow/index.ts';
import type { Safety } from '../../fix/mend.ts';
import { type ExpressionSpot, expressionSpot } from '../../shell/expression-spot.ts';
import { stringSpot } from '../../shell/string-spot.ts';

/** What comes into a script in the place of an expression. */
export interface Replaced {
  readonly pieces: readonly Piece[];
  readonly safety: Safety;
  /** The expression may have stood for several words, and now is one. */
  readonly splits: boolean;
}

/** Programs whose arguments or input are code of another language: a variable would only hide what is injected there. */
const READS_CODE =
  /^(?:eval|bash|sh|dash|zsh|ksh|su|ssh|xargs|python[0-9.]*|node|deno|bun|ruby|perl|php|pwsh|powershell|cmd|awk|gawk|mawk|sed|jq|yq|psql|mysql|sqlite3|osascript|parallel|watch|trap|source|\.|Rscript|lua|groovy)$/;
/** Programs that take their arguments as text. */
const READS_TEXT =
  /^(?:echo|printf|test|\[|export|local|declare|readonly|git|gh|mkdir|touch|grep|curl|cat|tee)$/;

export function inBash(text: string, start: number, end: number, name: string): Replaced | undefined {
  const spot = expressionSpot(text, start, end);
  if (spot === undefined || spot.role === 'other' || isCode(spot)) return undefined;
  const bare = /^\w/.test(text.slice(end, end + 1)) ? `\${${name}}` : `$${name}`;
  const put = (from: number, to: number, written: string): readonly Piece[] => [
    { start: from, end: to, text: written },
  ];
  switch (spot.kind) {
    case 'double':
      return { pieces: put(start, end, bare), safety: 'safe', splits: false };
    case 'word':
      if (spot.role === 'list') return undefined;
      return { pieces: put(start, end, `"$${name}"`), safety: 'safe', splits: spot.role === 'argument' };
    case 'part':
      if (spot.role === 'list') return undefined;
      return { pieces: put(start, end, `"$${name}"`), safety: 'unsafe', splits: true };
    case 'single-whole':
      return {
        pieces: put(start - 1, end + 1, `"$${name}"`),
        safety: takesText(spot) ? 'safe' : 'unsafe',
        splits: false,
      };
    case 'single':
      // The quotes are closed before, and opened again behind.
      return takesText(spot)
        ? { pieces: put(start, end, `'"$${name}"'`), safety: 'unsafe', splits: false }
        : undefined;
    case 'here-document':
      return { pieces: put(start, end, bare), safety: 'unsafe', splits: false };
  }
}

function isCode({ command }: ExpressionSpot): boolean {
  if (command === undefined) return false;
  const words = [command.name, ...command.args].flatMap((one) => (one?.type === 'Word' ? [one.value] : []));
  const name = words[0] ?? '';
  if (READS_TEXT.test(name)) return false;
  return words.some(
    (word) => READS_CODE.test(word.replace(/^.*\//, '')) || /^(?:-[a-z]*[ce]|--eval|--command)$/.test(word),
  );
}

function takesText({ command, role }: ExpressionSpot): boolean {
  return role === 'assignment' || role === 'test' || READS_TEXT.test(command?.name?.value ?? '');
}

export function inPowerShell(text: string, start: number, end: number, name: string): Replaced | undefined {
  const spot = stringSpot(text, start, end, 'powershell');
  if (spot === undefined || /\b(?:iex|invoke-expression|-command|-encodedcommand)\b/i.test(text))
    return undefined;
  if (spot.quote === 'bare') {
    const alone = /(?:^|[\s=(,])$/.test(text.slice(0, start)) && /^(?:$|[\s),;])/.test(text.slice(end));
    return alone
      ? { pieces: [{ start, end, text: `$env:${name}` }], safety: 'unsafe', splits: true }
      : undefined;
  }
  return {
    pieces: [{ start, end, text: `\${env:${name}}` }],
    safety: spot.quote === '"' ? 'safe' : 'unsafe',
    splits: false,
  };
}

export function inJavaScript(text: string, start: number, end: number, name: string): Replaced | undefined {
  const spot = stringSpot(text, start, end, 'javascript');
  if (spot === undefined || spot.quote === 'bare' || /\b(?:eval|Function|execSync|exec)\s*\(/.test(text))
    return undefined;
  if (spot.whole && isValue(text, spot.start))
    return {
      pieces: [{ start: spot.start, end: spot.end, text: `process.env.${name}` }],
      safety: 'safe',
      splits: false,
    };
  return spot.quote === '`'
    ? { pieces: [{ start, end, text: `\${process.env.${name}}` }], safety: 'safe', splits: false }
    : undefined;
}

/** Whether what stands before a string lets any other value stand in its place: it is no key, tag or part of a word. */
function isValue(text: string, start: number): boolean {
  return /(?:[(,=:[?+&|!]|\breturn|\bawait)\s*$/.test(text.slice(0, start));
}

export function inPython(text: string, start: number, end: number, name: string): Replaced | undefined {
  const spot = stringSpot(text, start, end, 'python');
  if (spot?.whole !== true || spot.quote === 'bare' || /\b(?:eval|exec|system)\s*\(/.test(text))
    return undefined;
  const imports = /^import os\b|^import .*\bos\b/m.test(text);
  return {
    pieces: [
      ...(imports ? [] : [{ start: 0, end: 0, text: 'import os\n' }]),
      { start: spot.start, end: spot.end, text: `os.environ["${name}"]` },
    ],
    safety: 'unsafe',
    splits: false,
  };
}
