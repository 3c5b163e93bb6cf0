import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readScriptOf } from './read-script-of.ts';
import type { ScriptLanguage } from './script.ts';

const LANGUAGES: readonly ScriptLanguage[] = ['powershell', 'cmd', 'python', 'javascript'];
const LONG = 200_000;
/** Whatever opens something, or makes a reader look ahead. */
const OPENERS = [
  ...'"\'`$(){}[]<>|&;,.=@#%!^+-*/\\:?~\n',
  '$(',
  '${',
  '"$(',
  '@"\n',
  "@'\n",
  '@{',
  '<#',
  '#>',
  '[int]',
  '[a]::b(',
  '$a=',
  '$a.b(',
  'if(',
  'function a{',
  'foreach($a in ',
  '&{',
  '. $a',
  '%A%',
  '%A:',
  '!A!',
  '^\n',
  'set A=',
  "'''",
  '"""',
  'f"{',
  "f'''{",
  '`${',
  '/*',
  '//',
  '/a',
  'a=',
  'a(',
  'a[',
  'a.',
  '=>',
  'a=>{',
  'lambda:',
  'def a(',
  'x if ',
  'a?b:',
  'import ',
  'new ',
  'const {a:',
  '${{',
  '}}',
  ' a',
  '\ue000',
] as const;

it.each(LANGUAGES)(
  '%s of any characters is read, and gives no more commands than characters',
  (language) => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...OPENERS), fc.string({ maxLength: 4 })), { maxLength: 60 }),
        (parts) => {
          const text = parts.join('');
          const { commands } = readScriptOf(language, text);
          expect(commands.length).toBeLessThanOrEqual(2 * text.length + 1);
        },
      ),
      { numRuns: 500 },
    );
  },
  120_000,
);

it('Bash that holds programs of other languages is read, whatever they are', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('python3 -c', 'node -e', 'pwsh -c', 'cmd /c', "python - <<'E'\n"),
      fc.array(fc.oneof(fc.constantFrom(...OPENERS), fc.string({ maxLength: 4 })), { maxLength: 40 }),
      (program, parts) => {
        const code = parts.join('').replaceAll("'", '"');
        const text = program.endsWith('\n') ? `${program}${code}\nE\n` : `${program} '${code}' "$A"\n`;
        expect(readScriptOf('bash', text.repeat(3)).language).toBe('bash');
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

// A reader that looked at all that is left for each of them, or called itself for each, would not end, or fail.
it.each(LANGUAGES)(
  '%s of two hundred thousand characters of each opener is read to its end',
  (language) => {
    for (const opener of OPENERS) {
      const script = readScriptOf(language, opener.repeat(Math.floor(LONG / opener.length)));
      expect(script.language).toBe(language);
    }
  },
  240_000,
);

it.each(LANGUAGES)(
  '%s of forty thousand characters of two openers in turn is read to its end',
  (language) => {
    for (const [index, opener] of OPENERS.entries()) {
      const both = opener + (OPENERS[(index * 7 + 3) % OPENERS.length] ?? '');
      expect(readScriptOf(language, both.repeat(Math.floor(LONG / 5 / both.length))).understood).toBe(false);
    }
  },
  240_000,
);
