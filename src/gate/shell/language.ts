import type { ScriptLanguage } from './script.ts';

const NAMES: readonly (readonly [RegExp, ScriptLanguage])[] = [
  [/^(?:bash|sh|dash|zsh|ksh|msys2)$/, 'bash'],
  [/^(?:pwsh|powershell)(?:-preview)?$/, 'powershell'],
  [/^cmd$/, 'cmd'],
  [/^(?:python|py|pypy|pypy3|ipython)[\d.]*$/, 'python'],
  [/^(?:node|nodejs|bun|deno)$/, 'javascript'],
];
/** What stands before a program that it starts. */
const STARTERS = /^(?:\/usr\/bin\/env|env|sudo|time|xvfb-run|uv|poetry|pipenv|run|-\w|\w+=.*)$/;

/** The language of a script from `shell`: a name, or a command line with `{0}`; undefined for those that are not followed. */
export function languageOf(shell: string): ScriptLanguage | undefined {
  const words = shell.slice(0, 500).trim().split(/\s+/);
  const program = words.find((word, index) => index === words.length - 1 || !STARTERS.test(word)) ?? '';
  const name = program
    .replace(/^.*[\\/]/, '')
    .replace(/\.exe$/i, '')
    .toLowerCase();
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}
