import { cmdCommands } from './cmd.ts';
import { PowerShellReader } from './powershell/reader.ts';
import { ProgramReader } from './program/reader.ts';
import { MAX_SCRIPT, readScript, scriptOf, type ScriptLanguage, type ShellScript } from './script.ts';
import { maskedText } from './word.ts';

/**
 * The commands of a script of any language that is followed, as those of Bash are. Nothing is run, and nothing fails; what is not Bash is
 * never called understood, as what its functions do is a table.
 */
export function readScriptOf(language: ScriptLanguage, original: string): ShellScript {
  if (language === 'bash') return readScript(original);
  if (original.length > MAX_SCRIPT) return scriptOf(language, [], false, []);
  const text = maskedText(original);
  switch (language) {
    case 'powershell':
      return scriptOf(language, new PowerShellReader(text).whole(), false, []);
    case 'cmd':
      return scriptOf(language, cmdCommands(text), false, []);
    case 'python':
    case 'javascript':
      return scriptOf(language, new ProgramReader(text, language).whole(), false, []);
  }
}
