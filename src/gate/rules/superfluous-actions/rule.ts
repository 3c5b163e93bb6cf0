import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'superfluous-actions',
  title: 'An action does what a program of the runner does',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/superfluous-actions'],
  check,
};

/** What the images of GitHub\u2019s runners have instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  'softprops/action-gh-release': 'gh release create',
  'ncipollo/release-action': 'gh release create',
  'svenstaro/upload-release-action': 'gh release upload',
  'elgohr/github-release-action': 'gh release create',
  'marvinpinto/action-automatic-releases': 'gh release create',
  'peter-evans/create-pull-request': 'git push and gh pr create',
  'repo-sync/pull-request': 'gh pr create',
  'peter-evans/create-or-update-comment': 'gh issue comment',
  'thollander/actions-comment-pull-request': 'gh pr comment',
  'marocchino/sticky-pull-request-comment': 'gh pr comment --edit-last --create-if-none',
  'mshick/add-pr-comment': 'gh pr comment',
  'peter-evans/close-issue': 'gh issue close',
  'peter-evans/create-issue-from-file': 'gh issue create --body-file',
  'jasonetco/create-an-issue': 'gh issue create',
  'dacbd/create-issue-action': 'gh issue create',
  'actions-ecosystem/action-add-labels': 'gh issue edit --add-label',
  'actions-ecosystem/action-remove-labels': 'gh issue edit --remove-label',
  'andymckay/labeler': 'gh issue edit --add-label',
  'peter-evans/enable-pull-request-automerge': 'gh pr merge --auto',
  'pascalgn/automerge-action': 'gh pr merge --auto',
  'hmarr/auto-approve-action': 'gh pr review --approve',
  'juliangruber/approve-pull-request-action': 'gh pr review --approve',
  'peter-evans/repository-dispatch': 'gh api repos/OWNER/NAME/dispatches',
  'benc-uk/workflow-dispatch': 'gh workflow run',
  'stefanzweifel/git-auto-commit-action': 'git commit and git push',
  'ad-m/github-push-action': 'git push',
  'endbug/add-and-commit': 'git commit and git push',
  'dtolnay/rust-toolchain': 'rustup toolchain install',
  'actions-rs/toolchain': 'rustup toolchain install',
  'actions-rs/cargo': 'cargo',
  'actions-rust-lang/setup-rust-toolchain': 'rustup toolchain install',
  'nick-fields/retry': 'a loop of the shell',
  'addnab/docker-run-action': 'docker run',
  'actions-hub/gcloud': 'gcloud',
  'azure/cli': 'az',
  'webfactory/ssh-agent': 'ssh-agent and ssh-add',
  'jwalton/gh-find-current-pr': 'gh pr view',
  'montudor/action-zip': 'zip',
  'thedoctor0/zip-release': 'zip',
  'robinraju/release-downloader': 'gh release download',
  'dsaltares/fetch-gh-release-asset': 'gh release download',
  'suisei-cn/actions-download-file': 'curl',
  'carlosperate/download-file-action': 'curl',
  'fjogeleit/http-request-action': 'curl',
  'mikefarah/yq': 'yq',
  'sergeysova/jq-action': 'jq',
  'ludeeus/action-shellcheck': 'shellcheck',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { uses, at, job } of repositoryUses(subject)) {
    const instead = Object.hasOwn(INSTEAD, uses.repository) ? INSTEAD[uses.repository] : undefined;
    if (instead === undefined) continue;
    yield {
      at,
      message: `${uses.repository} is one more to trust, and the runner has ${instead}`,
      fix: `use ${instead}`,
      ...(job !== undefined && { job: job.id }),
    };
  }
}
