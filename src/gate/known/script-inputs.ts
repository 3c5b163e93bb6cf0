import type { ScriptLanguage } from '../shell/script.ts';
import { row } from './row.ts';

/** Inputs of actions that are a script which is run on the runner, with its language. Source (2026-11): each action's own documentation. */
const SCRIPTS: Readonly<Record<string, readonly [string, ScriptLanguage]>> = {
  'actions/github-script': ['script', 'javascript'],
  'azure/powershell': ['inlinescript', 'powershell'],
  'azure/cli': ['inlinescript', 'bash'],
  'amadevus/pwsh-script': ['script', 'powershell'],
  'jannekem/run-python-script-action': ['script', 'python'],
  'nick-fields/retry': ['command', 'bash'],
  'nick-invision/retry': ['command', 'bash'],
};

export function scriptInput(repository: string): readonly [string, ScriptLanguage] | undefined {
  return row(SCRIPTS, repository);
}
