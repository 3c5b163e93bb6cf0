/**
 * Why a pattern of a filter matches nothing or is refused (GitHub's filter pattern cheat sheet; names of branches and tags by
 * git-check-ref-format). Time is linear in the pattern.
 */
export function wrongPattern(text: string, { paths }: { readonly paths: boolean }): WrongPattern | undefined {
  const why = whyWrong(text, paths);
  if (why === undefined) return undefined;
  // Where a sign is named that stands there once, it is told where.
  const sign = /(?:has|none has|opens a set with) (\[|[~^:+?]|a space)(?: |$)/.exec(why)?.[1];
  const at = sign === undefined ? -1 : text.indexOf(sign === 'a space' ? ' ' : sign);
  return { why, ...(at !== -1 && text.lastIndexOf(text.charAt(at)) === at && { at }) };
}

/** Why a pattern is wrong, and at which of its signs, from 0. */
export interface WrongPattern {
  readonly why: string;
  readonly at?: number;
}

function whyWrong(text: string, paths: boolean): string | undefined {
  if (text === '' || text === '!') return 'is empty';
  if (/\s$|^\s/.test(text)) return 'begins or ends with a space';
  const pattern = text.replace(/^!/, '');
  if (paths) {
    if (/^\.{0,2}\//.test(pattern)) return 'matches no path: paths begin without / and ./';
    if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(pattern)) return 'matches no path: . and .. are no parts of one';
  } else {
    if (/^refs\/(?:heads|tags)\//.test(pattern)) return 'matches no name: names stand without refs/heads/';
    if (pattern.startsWith('/') || pattern.endsWith('/'))
      return 'matches no name: none begins or ends with /';
    if (pattern.includes('//')) return 'matches no name: none has // in it';
    if (/\.\.|@\{|(?:^|\/)\.|\.(?:$|\/)|\.lock(?:$|\/)|^@$/.test(pattern.replaceAll(/\[[^\]]*\]/g, 'a')))
      return 'matches no name: none has .. or @{ in it, or a part that begins or ends with . or ends with .lock';
    const escaped = /\\([^[\]?+*\\!])/.exec(pattern)?.[1];
    if (escaped !== undefined) return `matches no name: none has \\ in it, and \\${escaped} means nothing`;
    const odd = /[\s~^:]/.exec(pattern.replaceAll(/\\./g, '').replaceAll(/\[[^\]]*\]/g, ''))?.[0];
    if (odd !== undefined)
      return `matches no name: none has ${odd.trim() === '' ? 'a space' : odd} in it, and a filter is no regular expression`;
  }
  return wrongSets(pattern);
}

function wrongSets(pattern: string): string | undefined {
  let before = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern.charAt(at);
    if (sign === '\\') {
      at += 1;
      before = 'a';
      continue;
    }
    if (sign === '[') {
      const end = pattern.indexOf(']', at + 1);
      if (end === -1) return 'opens a set with [ and does not close it';
      const set = pattern.slice(at + 1, end);
      if (set === '') return 'has a set that is empty';
      for (const [range, low = '', high = ''] of set.matchAll(/(.)-(.)/g))
        if (low > high) return `has a range that ends before it begins: ${range}`;
      at = end;
      before = 'a';
      continue;
    }
    if ((sign === '+' || sign === '?') && (before === '' || '*+?'.includes(before)))
      return `has ${sign} behind ${before === '' ? 'nothing' : before}: it repeats the sign before it`;
    before = sign;
  }
  return undefined;
}
