import { expect, it } from 'vitest';
import { languageOf } from './language.ts';

it.each([
  ['bash', 'bash'],
  ['/usr/bin/env bash -e {0}', 'bash'],
  ['bash --noprofile --norc -eo pipefail {0}', 'bash'],
  ['pwsh', 'powershell'],
  ['powershell -ExecutionPolicy Bypass -File {0}', 'powershell'],
  ['cmd', 'cmd'],
  ['%ComSpec% /D /C "CALL "{0}""', undefined],
  ['C:\\Windows\\System32\\cmd.exe /C {0}', 'cmd'],
  ['python', 'python'],
  ['python3.12 {0}', 'python'],
  ['uv run python {0}', 'python'],
  ['node {0}', 'javascript'],
  ['perl {0}', undefined],
  ['', undefined],
])('a script for the shell %j is of the language %s', (shell, language) => {
  expect(languageOf(shell)).toBe(language);
});
