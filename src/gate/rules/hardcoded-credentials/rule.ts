import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import type { Text } from '../../../workflow/index.ts';
import { pieceSpan, spanOf, textsIn } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'hardcoded-credentials',
  title: 'A password or key stands in the file',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: [
    'zizmor/hardcoded-container-credentials',
    'actionlint/credentials',
    'codeql/actions/hardcoded-container-credentials',
  ],
  check,
};

/** Forms that nothing but a credential has. Sources: the issuers\u2019 own documentation of their prefixes. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/, 'an AWS access key'],
  [/\bgh[pousr]_[A-Za-z0-9]{36,251}\b/, 'a GitHub token'],
  [/\bgithub_pat_\w{60,255}\b/, 'a GitHub token'],
  [/\bglpat-[\w-]{20,60}\b/, 'a GitLab token'],
  [/\bnpm_[A-Za-z0-9]{36}\b/, 'an npm token'],
  [/\bpypi-AgEIcHlwaS5vcmc[\w-]{50,300}/, 'a PyPI token'],
  [/\bxox[abprs]-[\w-]{10,250}\b/, 'a Slack token'],
  [/\bAIza[\w-]{35}\b/, 'a Google API key'],
  [/\bsk_live_[A-Za-z0-9]{20,200}\b/, 'a Stripe key'],
  [/-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----/, 'a private key'],
];
/** Each form holds one of these: most texts hold none. */
const BEGINS = /AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox|AIza|sk_live_|-----BEGIN/;
const NAMES = /(?:^|[_-])(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)$/i;

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions } = subject.repository;
  for (const { source, tree } of [...workflows, ...actions])
    for (const text of textsIn(tree))
      for (const [form, what] of BEGINS.test(text.text) ? FORMS : []) {
        const piece = form.exec(text.text.slice(0, 100_000))?.[0];
        // Documentation's own example ends so.
        if (piece === undefined || piece.endsWith('EXAMPLE')) continue;
        yield {
          at: pieceSpan(source, text, piece),
          message: `${what} stands in the file, for everybody who can read it`,
          fix: 'revoke it now, then keep its successor as a secret',
        };
      }
  for (const file of workflows)
    for (const job of file.jobs)
      for (const container of [...(job.container === undefined ? [] : [job.container]), ...job.services])
        for (const { name, value } of container.credentials)
          if (name === 'password' && isWritten(value))
            yield {
              at: spanOf(file.source, value.at, value.text.length),
              job: job.id,
              message: 'the password for the registry of an image stands in the file',
              fix: 'keep it as a secret',
            };
  for (const { file, job, step } of subject.sites)
    for (const { name, value } of step.with)
      if (
        NAMES.test(name) &&
        isWritten(value) &&
        value.text.length >= 8 &&
        /\d/.test(value.text) &&
        /[a-z]/i.test(value.text) &&
        !/[/.: ]/.test(value.text)
      )
        yield {
          at: spanOf(file.source, value.at, value.text.length),
          confidence: 'low',
          message: `the input ${name} is given a value that stands in the file`,
          fix: 'keep it as a secret',
          ...(job !== undefined && { job: job.id }),
        };
}

function isWritten({ text }: Text): boolean {
  return text !== '' && !text.includes('${{') && text !== 'true' && text !== 'false';
}
