import type { ShellCommand, ShellWord } from '../../shell/script.ts';

/** Programs with a language of their own, in which a program can be started: `e` of GNU sed, `system()` of awk. */
const LANGUAGES = new Set(['sed', 'gsed', 'awk', 'gawk', 'mawk', 'nawk']);
/** Programs with an option that starts another. Source: gtfobins.github.io, and CodeQL's models of arguments. */
const STARTING = new Set(['find', 'tar', 'wget', 'zip', 'git']);

/** The words of a command by which a stranger gives it an option, or a line of its language, that starts another program. */
export function openArguments({
  name,
  words,
  language,
}: ShellCommand & { readonly language?: string }): readonly ShellWord[] {
  if (language !== undefined && language !== 'bash') return [];
  if (LANGUAGES.has(name)) {
    const program = programOf(words);
    return program === undefined ? [] : [program];
  }
  if (!STARTING.has(name)) return [];
  if (
    name === 'git' &&
    !['clone', 'fetch', 'ls-remote', 'pull', 'grep', 'archive'].includes(words[0]?.value ?? '')
  )
    return [];
  const end = words.findIndex(({ value }) => value === '--');
  const before = end === -1 ? words : words.slice(0, end);
  return before.filter(({ text, variables }, index) => {
    if (variables.length === 0) return false;
    // Where something of its own stands before it, or an option that takes it, a value begins no option, unless the shell splits it.
    const taken = before[index - 1]?.value.startsWith('-') === true;
    return isSplit(text) || (/^"?\$/.test(text) && !taken);
  });
}

/** Programs whose own language is told, and not an option. */
export function hasLanguage({ name }: ShellCommand): boolean {
  return LANGUAGES.has(name);
}

/** What is told in its own language: behind `-e`, or the first that is no option. */
function programOf(words: readonly ShellWord[]): ShellWord | undefined {
  const told = words.findIndex(({ value }) => value === '-e' || value === '--expression');
  if (told !== -1) return words[told + 1];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined) continue;
    if (['-f', '--file'].includes(word.value)) return undefined;
    if (['-v', '-F'].includes(word.value)) at += 1;
    else if (!word.value.startsWith('-')) return word;
  }
  return undefined;
}

function isSplit(text: string): boolean {
  return !/^["'].*["']$/s.test(text) && !text.includes('"');
}
