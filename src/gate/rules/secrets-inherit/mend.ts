import type { MendPlan } from '../../fix/mend.ts';
import { jobOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { WorkflowFile } from '../../repository/model.ts';
import { entriesOf, textsIn, valueOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';

/** Names the secrets that a called workflow of this repository uses, when it declares each of them. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const found = jobOfFinding(subject, finding);
  const called = found === undefined ? undefined : subject.calledWorkflow(found.job);
  if (found === undefined || called === undefined) return undefined;
  const used = secretsOf(subject, called);
  const declared = called.triggers.find(({ event }) => event === 'workflow_call')?.value;
  const names = entriesOf(valueOf(declared, 'secrets')).map(({ key }) => key);
  if (used?.every((one) => names.some((name) => name.toLowerCase() === one)) !== true) return undefined;
  const given = names.filter((name) => used.includes(name.toLowerCase()));
  const required = entriesOf(valueOf(declared, 'secrets'))
    .filter(({ value }) => {
      const one = valueOf(value, 'required');
      return one?.kind === 'scalar' && one.text === 'true';
    })
    .map(({ key }) => key);
  const all = names.filter((name) => given.includes(name) || required.includes(name));
  // A name is put into an expression: one that is none could be more than a name there.
  if (!all.every((name) => /^[A-Za-z_]\w{0,199}$/.test(name))) return undefined;
  const path = ['jobs', found.job.id, 'secrets'];
  return {
    title:
      all.length === 0
        ? 'give it no secret: it uses none'
        : `give it the secrets that it uses: ${all.join(', ')}`,
    // A secret of an environment is not the caller\u2019s to give.
    safety: called.jobs.some(({ environment }) => environment !== undefined) ? 'unsafe' : 'safe',
    operations: [
      all.length === 0
        ? { kind: 'remove', path }
        : {
            kind: 'set',
            path,
            value: Object.fromEntries(all.map((name) => [name, `${'${{'} secrets.${name} }}`])),
          },
    ],
  };
}

/** In lower case, without the job\u2019s own token; undefined when it cannot be said which they are. */
function secretsOf(subject: Subject, file: WorkflowFile): readonly string[] | undefined {
  const found = new Set<string>();
  if (file.jobs.some(({ inheritsSecrets }) => inheritsSecrets !== undefined)) return undefined;
  for (const text of textsIn(file.tree)) {
    if (!/secrets/i.test(text.text)) continue;
    const trees = text.text.includes('${{')
      ? subject.expressions(file, text).map(({ tree }) => tree)
      : [subject.tree(text.text)].filter((tree) => tree !== undefined);
    for (const [context, name] of trees.flatMap((tree) => allReferences(tree))) {
      if (context !== 'secrets') continue;
      if (name === undefined || name === '*') return undefined;
      if (name !== 'github_token') found.add(name);
    }
  }
  return [...found];
}
