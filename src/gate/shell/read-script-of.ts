import { cmdCommands } from './cmd.ts';
import { withInner } from './inner.ts';
import { PowerShellReader } from './powershell/reader.ts';
import { ProgramReader } from './program/reader.ts';
import { MAX_SCRIPT, readScript, scriptOf, type ScriptLanguage, type ShellScript } from './script.ts';
import { maskedText } from './word.ts';

/**
 * The commands of a script of any language that is followed, as those of Bash are. Nothing is run, and nothing fails; what is not Bash is
 * never called understood, as what its functions do is a table.
 */
export function readScriptOf(language: ScriptLanguage, original: string): ShellScript {
  if (language === 'bash') return readBash(original);
  if (original.length > MAX_SCRIPT) return scriptOf(language, [], false, []);
  const text = maskedText(original);
  switch (language) {
    case 'powershell':
      return scriptOf(language, withInner(new PowerShellReader(text).whole(), language, original), false, []);
    case 'cmd':
      return scriptOf(language, withInner(cmdCommands(text), language, original), false, []);
    case 'python':
    case 'javascript':
      return scriptOf(language, new ProgramReader(text, language).whole(), false, []);
  }
}

function readBash(original: string): ShellScript {
  const script = readScript(original);
  const commands = withInner(script.commands, 'bash', original);
  return commands.length === script.commands.length
    ? script
    : scriptOf('bash', commands, script.understood, script.mistakes);
}
