import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import { pieceSpan } from '../../repository/tree.ts';
import type { StepPart } from '../../repository/model.ts';

export const rule: Rule = {
  id: 'ignored-failure',
  title: 'A check may fail and nobody is told',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: [],
  check,
};

/** Actions and programs whose only use is to say no. */
const ACTIONS =
  /(?:codeql-action|trivy-action|dependency-review-action|snyk|grype|anchore\/scan|gitleaks|trufflehog|osv-scanner|scorecard-action|zizmor|semgrep|checkov|slsa-verifier|cosign|attest)/;
const PROGRAMS = new Set([
  'trivy',
  'grype',
  'snyk',
  'gitleaks',
  'trufflehog',
  'semgrep',
  'bandit',
  'zizmor',
  'actionlint',
  'poutine',
  'checkov',
  'tfsec',
  'osv-scanner',
  'cosign',
  'slsa-verifier',
  'govulncheck',
  'pip-audit',
  'gosec',
  'safety',
  'cofferdam',
]);
const AUDITS = new Set(['npm', 'pnpm', 'yarn', 'cargo', 'bundle', 'composer']);

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const { step, file, job } = site;
    const of = job === undefined ? {} : { job: job.id };
    const name = checkIn(subject, site.step, site);
    if (step.continueOnError?.text === 'true' && name !== undefined)
      yield {
        at: spanOf(file.source, step.continueOnError.at, 4),
        ...of,
        message: `${name} may fail, and the job goes on as if it had passed`,
        fix: 'remove continue-on-error, or look at steps.ID.outcome afterwards',
      };
    if (job?.continueOnError?.text === 'true' && name !== undefined)
      yield {
        at: spanOf(file.source, job.continueOnError.at, 4),
        ...of,
        message: `${name} may fail, and the workflow goes on as if it had passed`,
        fix: 'remove continue-on-error from the job',
      };
    const { run } = step;
    for (const command of run === undefined ? [] : (subject.script(site)?.commands ?? [])) {
      if (run === undefined || !isCheck(command.name, command.words[0]?.value)) continue;
      const behind = run.text.slice(run.text.indexOf(command.text) + command.text.length);
      if (/^\s*\|\|\s*(?:true|:|exit 0|echo\b)/.test(behind))
        yield {
          at: pieceSpan(file.source, run, command.text),
          ...of,
          message: `${command.name} may fail, and || makes of it that it passed`,
          fix: 'let the script end with the status of the check',
        };
    }
  }
}

function checkIn(
  subject: Subject,
  step: StepPart,
  site: Parameters<Subject['script']>[0],
): string | undefined {
  if (step.uses?.kind === 'repository')
    return ACTIONS.test(step.uses.repository) ? step.uses.repository : undefined;
  return subject.script(site)?.commands.find(({ name, words }) => isCheck(name, words[0]?.value))?.name;
}

function isCheck(name: string, first: string | undefined): boolean {
  return PROGRAMS.has(name) || (AUDITS.has(name) && first === 'audit');
}
