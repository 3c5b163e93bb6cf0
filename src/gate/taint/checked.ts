import type { ShellCommand } from '../shell/script.ts';

/**
 * Whether a script compares a variable with a pattern that leaves no character with which a shell could be led astray:
 * `[[ "$n" =~ ^[0-9]+$ ]]`, `grep -Eq '^[0-9a-f]{40}$' <<< "$n"`, `printf %s "$n" | grep -Eq …`. What it does then is not looked at.
 */
export function isChecked(script: string, variable: string): boolean {
  if (!/^\w{1,100}$/.test(variable) || (!script.includes('=~') && !script.includes('grep'))) return false;
  const name = `"?\\$\\{?${variable}\\}?"?`;
  const tests = [
    new RegExp(`\\[\\[\\s+(?:!\\s+)?${name}\\s+=~\\s+(\\S{1,200})`),
    new RegExp(`${name}\\s{0,5}\\|\\s{0,5}grep\\s+((?:-\\w+\\s+){0,4})['"]([^'"]{1,200})['"]`),
    new RegExp(`grep\\s+((?:-\\w+\\s+){0,4})['"]([^'"]{1,200})['"]\\s+<<<\\s*${name}`),
  ];
  return tests.some((test) => {
    const found = test.exec(script.slice(0, MAX_SCRIPT));
    const pattern = found?.at(-1);
    return pattern !== undefined && isNarrow(pattern);
  });
}

/** The same in other languages: `-match '^v[0-9]+$'`, `re.fullmatch(r'…', n)`, `/…/.test(n)`. */
export function isCheckedElsewhere(script: string, variable: string): boolean {
  if (!/match|test\(/.test(script)) return false;
  const name = /(\w{1,100})$/.exec(variable)?.[1];
  if (name === undefined) return false;
  const tests = [
    new RegExp(`\\$(?:env:)?\\{?${name}\\}?\\s+-[ci]?(?:not)?match\\s+['"]([^'"\n]{1,200})['"]`, 'i'),
    new RegExp(`re\\.(?:full)?match\\(\\s*r?['"]([^'"\n]{1,200})['"]\\s*,\\s*[\\w.\\['"]{0,60}\\b${name}\\b`),
    new RegExp(`/([^/\n]{1,200})/[a-z]{0,3}\\.test\\(\\s*[\\w.]{0,60}\\b${name}\\b`),
    new RegExp(`\\b${name}\\.match\\(\\s*/([^/\n]{1,200})/`),
  ];
  return tests.some((test) => {
    const pattern = test.exec(script.slice(0, MAX_SCRIPT))?.[1];
    return pattern !== undefined && isNarrow(pattern);
  });
}

const MAX_SCRIPT = 50_000;
/** From start to end, of letters, digits and what no shell and no file of the runner reads as more. */
const NARROW =
  /^\^(?:[\w,@:/=% -]|\\[.dw/+-]|\[(?!\^)[\w.,@:/+=% -]+\](?!\])|\[\[:(?:digit|alnum|alpha|xdigit|lower|upper):\]\]|[*+?()|]|\{\d{0,5}(?:,\d{0,5})?\})*\$$/;

function isNarrow(pattern: string): boolean {
  return NARROW.test(pattern.replaceAll(/["']/g, ''));
}

/** Programs whose output holds nothing of what they read but numbers, digests, or characters that are named one by one. */
export function narrows({ name, words }: ShellCommand): boolean {
  const values = words.map(({ value }) => value);
  switch (name) {
    case 'wc':
    case 'sha256sum':
    case 'sha512sum':
    case 'sha1sum':
    case 'md5sum':
    case 'stat':
    case 'date':
      return true;
    case 'tr':
      return (
        values.some((word) => /^-(?:[a-z]*d[a-z]*c|[a-z]*c[a-z]*d|[a-z]*C[a-z]*d)[a-z]*$/.test(word)) &&
        /^(?:\[:(?:digit|alnum|xdigit):\]|[\w.,/:\\-])+$/.test(values.at(-1) ?? '')
      );
    case 'grep':
      return (
        values.some((word) => /^-\w*o/.test(word)) &&
        values.some((word) => /^\^?(?:\[(?!\^)[\w.,/-]+\]|\\d)(?:[+*]|\{[\d,]+\})?\$?$/.test(word))
      );
    case 'sed':
      return values.some((word) => /^s(.)\[\^[\w.,-]+\]\*?\1\1g$/.test(word));
    case 'jq':
      return values.some((word) => /(?:\btonumber|\blength|\.number)\s*$/.test(word));
    default:
      return false;
  }
}
