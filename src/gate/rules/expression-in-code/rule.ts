import type { Found } from '../../finding.ts';
import { entriesOf, textsIn } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';
import { codeOf, injectionsIn } from '../../taint/injections.ts';
import { type Reference, valueReferences } from '../../taint/references.ts';
import { taintsOf } from '../../taint/taint.ts';

export const rule: Rule = {
  id: 'expression-in-code',
  title: 'An expression is written into code, whatever it holds today',
  severity: 'low',
  confidence: 'low',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/template-injection'],
  check,
};

/** Values without a character that a shell or a program obeys. Source: GitHub's reference of contexts. */
const PLAIN =
  /^(?:github\.(?:sha|run_id|run_number|run_attempt|repository_id|repository_owner_id|actor_id|event_name|job|retention_days|server_url|api_url|graphql_url|ref_type|ref_protected|secret_source|token|action|action_path|workspace|event_path|event\.(?:number|(?:pull_request|issue|discussion)\.(?:number|id)|pull_request\.(?:merged|draft|head\.sha|base\.sha|merge_commit_sha)|action|before|after|comment\.id|release\.id|workflow_run\.(?:id|run_number|conclusion|event|head_sha)|repository\.id))|runner\..+|strategy\..+|job\..+|secrets\.github_token|(?:steps|needs)\.[^.]+\.(?:outcome|conclusion|result))$/;

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const site of subject.sites) {
    const texts = [...codeOf(subject, site)].filter(({ text }) => text.text.includes('${{'));
    if (texts.length === 0) continue;
    const told = new Set(injectionsIn(taints, site).map(({ at }) => `${at.line}:${at.column}`));
    for (const { text, what } of texts)
      for (const { tree, source, at } of subject.expressions(site.file, text)) {
        if (told.has(`${at.line}:${at.column}`)) continue;
        const held = valueReferences(tree).filter((one) => !isWrittenOut(one, site));
        const open = held.find((one) => !PLAIN.test(one.join('.')));
        yield {
          at,
          message:
            open === undefined
              ? `${'${{'} ${source} }} becomes part of ${what}; what it holds now is harmless there`
              : `${'${{'} ${source} }} becomes part of ${what}, and ${open.slice(0, 4).join('.')} may hold anything by the time it runs`,
          fix: 'put it into env, and let the script read the variable: "$NAME" is never read as code',
          ...(open === undefined && { severity: 'info', persona: 'auditor' }),
          ...(site.job !== undefined && { job: site.job.id }),
        };
      }
  }
}

/** Whether a value stands in the file itself: in a matrix that is a list of texts, or a variable that is a text. */
function isWrittenOut([context, name, ...rest]: Reference, scope: Scope): boolean {
  const plain = (text: { readonly text: string }): boolean => !text.text.includes('${{');
  if (context === 'matrix' && name !== undefined && scope.job?.matrix?.kind === 'mapping') {
    const { matrix } = scope.job;
    return entriesOf(matrix).every(({ value }) => textsIn(value).every(plain));
  }
  if (context !== 'env' || name === undefined || rest.length > 0) return false;
  const { file, job, step } = scope;
  const lists = [step?.env ?? [], job?.env ?? [], file.kind === 'workflow' ? file.env : []];
  const set = lists
    .map((env) => env.find((one) => one.name.toLowerCase() === name))
    .find((one) => one !== undefined);
  return set !== undefined && plain(set.value);
}
