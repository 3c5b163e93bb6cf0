import type { ShellCommand } from '../shell/script.ts';

/**
 * Whether a command asks the forge for words that anybody can write: the title or the branch of a pull request, the body of an issue, its
 * comments, the names of its files. Source: the manual of gh, and CodeQL's models of its commands.
 */
export function asksForStrangersWords({ name, words }: ShellCommand): boolean {
  if (name !== 'gh' && name !== 'curl') return false;
  const values = words.map(({ value }) => value);
  const [area = '', verb = ''] = values;
  if (name === 'gh' && (area === 'pr' || area === 'issue') && (verb === 'view' || verb === 'list'))
    return fieldsAsked(values).some((field) => WORDS.has(field));
  if (name === 'gh' && area !== 'api') return false;
  const where = values.find((value) => /(?:^|\/)repos\/\S+\/(?:pulls|issues|commits)\b/.test(value));
  if (where === undefined) return false;
  const filter = valueOf(values, ['-q', '--jq']);
  // Whatever a filter does not name is not told; without one everything is.
  return (
    name === 'gh' &&
    (filter === undefined ? !/\/(?:labels|reviews|statuses)\b/.test(where) : FILTER.test(filter))
  );
}

const WORDS = new Set(['title', 'body', 'headRefName', 'comments', 'files', 'author', 'commits', 'reviews']);
const FILTER = /\.(?:title|body|filename|message)\b|\.head\.(?:ref|label)\b|\.user\.login\b/;

/** The fields of `--json title,body`, narrowed by the filter behind `--jq` where it names fields. */
function fieldsAsked(values: readonly string[]): readonly string[] {
  const asked = (valueOf(values, ['--json']) ?? '').split(',').map((field) => field.trim());
  const filter = valueOf(values, ['-q', '--jq', '-t', '--template']);
  if (filter === undefined) return asked;
  const named = asked.filter((field) => new RegExp(`\\.${field.replaceAll(/\W/g, '')}\\b`).test(filter));
  return named.length === 0 ? asked : named;
}

function valueOf(values: readonly string[], flags: readonly string[]): string | undefined {
  const at = values.findIndex((value) =>
    flags.some((flag) => value === flag || value.startsWith(`${flag}=`)),
  );
  if (at === -1) return undefined;
  const value = values[at] ?? '';
  return value.includes('=') && value.startsWith('--') ? value.slice(value.indexOf('=') + 1) : values[at + 1];
}
