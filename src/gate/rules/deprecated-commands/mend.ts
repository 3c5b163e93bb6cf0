import type { MendPlan } from '../../fix/mend.ts';
import { scriptPlan } from '../../fix/script-piece.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';
import { row } from '../../known/row.ts';

/** One `echo` that gives one command, in one kind of quotes or in none. */
const FORM = /^echo (["']?)::(?:(set-output|save-state|set-env) name=([\w-]+)|(add-path))::([^"'`\\]*)\1$/;
const FILE: Readonly<Record<string, string>> = {
  'set-output': 'GITHUB_OUTPUT',
  'save-state': 'GITHUB_STATE',
  'set-env': 'GITHUB_ENV',
  'add-path': 'GITHUB_PATH',
};

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  let isPlain = false;
  const plan = scriptPlan(
    subject,
    finding,
    { title: 'write it to the runner\u2019s file', safety: 'safe' },
    (text, site) => {
      const [, quote = '', named, name, path, value = ''] = FORM.exec(text) ?? [];
      const command = named ?? path;
      // Commands know escapes (%0A) that files do not.
      if (command === undefined || value.includes('%') || !/^(?:bash|sh)\b/.test(subject.shell(site)))
        return undefined;
      if (quote === '' && /[;&|<>()*?#~]/.test(value)) return undefined;
      // With a value that is worked out there may be line breaks; and what is refused today would begin to work.
      isPlain = (named === 'set-output' || named === 'save-state') && (quote === "'" || !value.includes('$'));
      const wrap = quote === '' ? '"' : quote;
      const words = name === undefined ? value : `${name}=${value}`;
      return [
        {
          start: 0,
          end: text.length,
          text: `echo ${wrap}${words}${wrap} >> "$${row(FILE, command) ?? 'GITHUB_OUTPUT'}"`,
        },
      ];
    },
  );
  return plan === undefined ? undefined : { ...plan, safety: isPlain ? 'safe' : 'unsafe' };
}
