import type { Operation, YamlPath } from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, siteAround, stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { textsIn } from '../../repository/tree.ts';
import type { PlacedExpression, Site, Subject } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';
import { inBash, inJavaScript, inPowerShell, inPython, type Replaced } from './replacement.ts';

/** The expression goes into the step\u2019s `env`, and the script reads the variable. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const site = siteAround(subject, finding);
  if (site === undefined) return undefined;
  const { run, uses } = site.step;
  const script = site.step.with.find(({ name }) => name.toLowerCase() === 'script');
  if (run !== undefined)
    return planFor(subject, site, finding, run, [...stepPath(site), 'run'], languageOf(subject, site));
  if (script === undefined || uses?.kind !== 'repository' || uses.repository !== 'actions/github-script')
    return undefined;
  return planFor(
    subject,
    site,
    finding,
    script.value,
    [...stepPath(site), 'with', script.name],
    'javascript',
  );
}

type Language = 'bash' | 'powershell' | 'python' | 'javascript';

function languageOf(subject: Subject, site: Site): Language | undefined {
  const shell = subject.shell(site);
  if (/^(?:pwsh|powershell)\b/.test(shell)) return 'powershell';
  if (/^python3?\b/.test(shell)) return 'python';
  return /^(?:bash|sh)\b/.test(shell) && !mayBeWindows(site) ? 'bash' : undefined;
}

/** Where no shell is named it is Bash, but on Windows PowerShell, for which the variable would be another. */
function mayBeWindows({ file, job, step }: Site): boolean {
  const named = step.shell ?? job?.defaultShell ?? (file.kind === 'workflow' ? file.defaultShell : undefined);
  if (named !== undefined || job === undefined) return false;
  return job.runsOn.some(({ text }) => {
    if (!text.includes('${{')) return false;
    const names = textsIn(job.matrix).map((one) => one.text);
    return (
      !text.includes('matrix.') || names.length === 0 || names.some((one) => /windows|\$\{\{/i.test(one))
    );
  });
}

const REPLACE: Readonly<
  Record<Language, (text: string, start: number, end: number, name: string) => Replaced | undefined>
> = {
  bash: inBash,
  powershell: inPowerShell,
  python: inPython,
  javascript: inJavaScript,
};

function planFor(
  subject: Subject,
  site: Site,
  finding: Finding,
  text: NonNullable<Site['step']['run']>,
  path: YamlPath,
  language: Language | undefined,
): MendPlan | undefined {
  const all = subject.expressions(site.file, text);
  const index = all.findIndex(({ at }) => isAt(at, finding));
  const found = all[index];
  const [start, end] = placesOf(text.text)[index] ?? [];
  if (language === undefined || found === undefined || start === undefined || end === undefined)
    return undefined;
  // Expressions and places must be the same ones.
  if (text.text.slice(start + 3, end - 2).trim() !== found.source.trim()) return undefined;
  const { name, isNew } = variableFor(site, found, text.text);
  const replaced = REPLACE[language](text.text, start, end, name);
  if (replaced === undefined) return undefined;
  const operations: Operation[] = [{ kind: 'rewrite', path, pieces: replaced.pieces }];
  if (isNew)
    operations.push({
      kind: 'set',
      path: [...stepPath(site), 'env', name],
      value: `${'${{'} ${found.source.trim()} }}`,
    });
  return {
    title: `read it from the variable ${name}`,
    safety: manyWords(found, replaced) ? 'unsafe' : replaced.safety,
    operations: site.step.env.length === 0 && isNew ? inNewEnv(operations, site) : operations,
  };
}

/** What the workflow or its caller gives may be meant as several words; the title of an issue is not. */
function manyWords({ tree }: PlacedExpression, { splits }: Replaced): boolean {
  return (
    splits && !allReferences(tree).every(([context, second]) => context === 'github' && second !== undefined)
  );
}

/** A step without `env` gets one, before its script. */
function inNewEnv(operations: readonly Operation[], site: Site): readonly Operation[] {
  return operations.map((one) =>
    one.kind === 'set'
      ? {
          kind: 'set',
          path: [...stepPath(site), 'env'],
          value: { [String(one.path.at(-1))]: one.value },
          after: ['shell', 'if', 'id', 'name', ...(site.step.uses === undefined ? [] : ['uses'])],
        }
      : one,
  );
}

/** The variable that holds an expression: one that there is already, or a new name that nothing else has. */
function variableFor(
  { file, job, step }: Site,
  { source, tree }: PlacedExpression,
  script: string,
): { readonly name: string; readonly isNew: boolean } {
  const around = [...step.env, ...(job?.env ?? []), ...(file.kind === 'workflow' ? file.env : [])];
  const [context, own, ...deeper] = allReferences(tree).length === 1 ? (allReferences(tree)[0] ?? []) : [];
  const isPath = /^[\w.*-]+$/.test(source.trim());
  if (isPath && context === 'env' && deeper.length === 0) {
    // The context holds what is in the environment anyway, under its own name.
    const name = around.find((one) => one.name.toLowerCase() === own)?.name;
    if (name !== undefined && /^[A-Za-z_]\w*$/.test(name) && source.trim().endsWith(`.${name}`))
      return { name, isNew: false };
  }
  const same = around.find(
    ({ name, value }) =>
      /^[A-Za-z_]\w*$/.test(name) &&
      /^\$\{\{([^}]*)\}\}$/.exec(value.text.trim())?.[1]?.trim() === source.trim() &&
      around.find((one) => one.name === name)?.value === value,
  );
  if (same !== undefined) return { name: same.name, isNew: false };
  const words = isPath ? source.trim().split('.') : (allReferences(tree)[0] ?? ['value']);
  const tail = words.slice(words[0] === 'github' ? (words[1] === 'event' ? 2 : 1) : 0);
  const base =
    tail
      .join('_')
      .replaceAll(/[^A-Za-z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
      .toUpperCase()
      .slice(0, 60) || 'VALUE';
  const start = /^(?:[0-9]|PATH$|HOME$|GITHUB_|RUNNER_|ACTIONS_|INPUT_|LD_|BASH|IFS$|ENV$|NODE_)/.test(base)
    ? `GIVEN_${base}`
    : base;
  // What an expression names is no variable of the script.
  const plain = script.replaceAll(/\$\{\{.*?\}\}/gs, '');
  const taken = (name: string): boolean =>
    around.some((one) => one.name.toUpperCase() === name) || new RegExp(`\\b${name}\\b`, 'i').test(plain);
  for (let n = 1; n < 100; n += 1) {
    const name = n === 1 ? start : `${start}_${n}`;
    if (!taken(name)) return { name, isNew: true };
  }
  return { name: `${start}_GIVEN`, isNew: true };
}

/** Start and end of each expression of a text. */
function placesOf(text: string): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (let start = text.indexOf('${{'); start !== -1; start = text.indexOf('${{', start + 3)) {
    const end = text.indexOf('}}', start);
    if (end === -1) break;
    found.push([start, end + 2]);
  }
  return found;
}
