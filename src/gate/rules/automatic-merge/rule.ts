import type { Found, Hop } from '../../finding.ts';
import { pieceSpan, spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import type { ShellCommand } from '../../shell/script.ts';
import { allReferences } from '../../taint/references.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'automatic-merge',
  title: 'A pull request is merged or approved without asking who wrote it',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['poutine/confused_deputy_auto_merge'],
  check,
};

const ACTIONS = new Set([
  'hmarr/auto-approve-action',
  'pascalgn/automerge-action',
  'ahmadnassri/action-dependabot-auto-merge',
  'peter-evans/enable-pull-request-automerge',
  'koj-co/dependabot-pr-action',
  'ridedott/merge-me-action',
  'reitermarkus/automerge',
  'actions-cool/auto-merge',
]);
/** Whose word on the author is taken. */
const ASKS = new Set(['dependabot/fetch-metadata', 'fastify/github-action-merge-dependabot']);

function* check(subject: Subject): Iterable<Found> {
  for (const site of subject.sites) {
    const { file, job } = site;
    const event = subject
      .reaching(file)
      .find(({ event: name }) => name === 'pull_request_target' || name === 'workflow_run');
    if (event === undefined) continue;
    const merge = mergeIn(subject, site);
    if (merge === undefined || asksAuthor(subject, site)) continue;
    yield {
      at: merge.at,
      events: [event.event],
      message: 'a pull request is merged or approved here, and nothing asks who wrote it',
      fix: 'ask for github.event.pull_request.user.login and the head repository before',
      flow: [...event.via, merge],
      ...(job !== undefined && { job: job.id }),
    };
  }
}

function mergeIn(subject: Subject, site: Site): Hop | undefined {
  const { uses, run } = site.step;
  if (uses?.kind === 'repository') {
    const script = uses.repository === 'actions/github-script' ? inputOf(site.step, 'script') : undefined;
    return ACTIONS.has(uses.repository) || (script !== undefined && mergesByApi(script.text))
      ? { at: spanOf(site.file.source, uses.at, uses.text.length), what: 'merges or approves' }
      : undefined;
  }
  if (run === undefined || !/\bmerge|review|AutoMerge/i.test(run.text)) return undefined;
  const command = subject.script(site)?.commands.find(merges);
  return command === undefined
    ? undefined
    : { at: pieceSpan(site.file.source, run, command.text), what: 'merges or approves' };
}

/** By the API, in a script: the REST names of Octokit, or a mutation of GraphQL. */
function mergesByApi(script: string): boolean {
  return (
    /\bpulls\.merge\s*\(|\b(?:enablePullRequestAutoMerge|mergePullRequest)\b/.test(script) ||
    /\b(?:createReview|submitReview|addPullRequestReview)\b[\s\S]{0,500}?\bAPPROVE\b/.test(script)
  );
}

function merges({ name, words, fed }: ShellCommand): boolean {
  const values = words.map(({ value }) => value);
  const [first, second, ...more] = values;
  if (name === 'gh' && first === 'pr')
    return (
      second === 'merge' ||
      (second === 'review' && more.some((word) => word === '--approve' || word === '-a'))
    );
  if (!(name === 'gh' && first === 'api') && name !== 'curl') return false;
  const all = [...values, ...fed.map(({ value }) => value)];
  // Without a method it only asks whether it was merged.
  const puts = all.some((word) => /^(?:-X)?PUT$|^--(?:method|request)=PUT$/.test(word));
  return (
    (puts && all.some((word) => /\/pulls\/[^/]{1,100}\/merge$/.test(word))) ||
    (all.some((word) => /\/pulls\/[^/]{1,100}\/reviews$/.test(word)) &&
      all.some((word) => /\bAPPROVE\b/.test(word))) ||
    all.some(mergesByApi)
  );
}

function asksAuthor(subject: Subject, { job, step }: Site): boolean {
  const before = (job?.steps ?? []).filter(({ index }) => index < step.index);
  if (before.some(({ uses }) => uses?.kind === 'repository' && ASKS.has(uses.repository))) return true;
  const script = inputOf(step, 'script')?.text ?? '';
  if (/\bpull_request\.(?:user\.login|author_association)\b|\.user\.login\s*[!=]==/.test(script)) return true;
  // A script may ask by a variable.
  const given = [...(job?.env ?? []), ...[...before, step].flatMap(({ env }) => env)].map(
    ({ value }) => value.text,
  );
  if (given.some((text) => /github\.event\.pull_request\.(?:user\.login|author_association)/.test(text)))
    return true;
  return [job?.if, step.if].some((text) => {
    const tree = text === undefined ? undefined : subject.condition(text);
    return (
      tree !== undefined &&
      allReferences(tree).some((one) =>
        /^github\.event\.(?:pull_request\.(?:user\.|author_association|head\.repo\.(?:full_name|fork|owner|id))|workflow_run\.(?:actor\.|head_repository\.))/.test(
          one.join('.'),
        ),
      )
    );
  });
}
