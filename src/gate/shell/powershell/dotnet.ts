import type { ShellCommand, ShellWord } from '../script.ts';

/** Functions and methods of .NET that run, fetch, write or read what they are given; undefined for all others. */
export function dotnetCall(
  name: string,
  text: string,
  given: readonly ShellWord[],
): ShellCommand | undefined {
  const base = { text, words: given, assigned: [], readsFrom: [], fed: [], writesTo: [] };
  if (
    /^(?:management\.automation\.)?scriptblock::create$/.test(name) ||
    /\.(?:invokescript|expandstring|newscriptblock|addscript)$/.test(name)
  )
    return { ...base, name: `powershell:${name}`, code: given };
  if (/^io\.file::(?:append|write)all(?:text|lines)$/.test(name))
    return { ...base, name: `powershell:${name}`, words: given.slice(1), writesTo: given.slice(0, 1) };
  if (name.startsWith('io.file::read')) return { ...base, name: 'cat', reads: true };
  if (/\.download(?:string|file|data)$/.test(name)) return { ...base, name: 'invoke-webrequest' };
  return undefined;
}
