import { row } from '../../known/row.ts';
import type { Found } from '../../finding.ts';
import { hookRepositories } from '../../hooks.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'archived-uses',
  title: 'An action that nobody mends any more',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/archived-uses'],
  check,
};

/** Actions whose repository is archived, and what is there instead, as of November 2026. */
const ARCHIVED: Readonly<Record<string, string>> = {
  '8398a7/action-slack': 'use slackapi/slack-github-action',
  'actions-rs/audit-check': 'run cargo audit',
  'actions-rs/cargo': 'run cargo',
  'actions-rs/clippy-check': 'run cargo clippy',
  'actions-rs/grcov': 'run grcov',
  'actions-rs/install': 'use taiki-e/install-action',
  'actions-rs/tarpaulin': 'run cargo tarpaulin',
  'actions-rs/toolchain': 'use rustup, which the runners have',
  'actions/create-release': 'use gh release create',
  'actions/setup-elixir': 'use erlef/setup-beam',
  'actions/setup-haskell': 'use haskell-actions/setup',
  'actions/setup-ruby': 'use ruby/setup-ruby',
  'actions/upload-release-asset': 'use gh release upload',
  'andymckay/labeler': 'use gh issue edit --add-label',
  'artichoke/setup-rust': 'use rustup, which the runners have',
  'azure/appservice-actions': 'use azure/webapps-deploy',
  'azure/container-actions': 'use azure/docker-login and docker',
  'azure/container-scan': 'use a scanner that is kept up',
  'azure/get-keyvault-secrets': 'use az keyvault secret show',
  'azure/k8s-actions': 'use azure/k8s-deploy',
  'azure/webapps-container-deploy': 'use azure/webapps-deploy',
  'cirrus-actions/rebase': 'use gh pr update-branch --rebase',
  'contributor-assistant/github-action': 'use another check of agreements',
  'crazy-max/ghaction-docker-buildx': 'use docker/setup-buildx-action',
  'crazy-max/ghaction-hugo': 'use peaceiris/actions-hugo',
  'delaguardo/setup-graalvm': 'use graalvm/setup-graalvm',
  'gradle/gradle-build-action': 'use gradle/actions/setup-gradle',
  'grafana/k6-action': 'use grafana/setup-k6-action',
  'helaili/jekyll-action': 'use actions/jekyll-build-pages',
  'ilshidur/action-slack': 'use slackapi/slack-github-action',
  'jakejarvis/s3-sync-action': 'use aws s3 sync',
  'jakejarvis/hugo-build-action': 'use peaceiris/actions-hugo',
  'jakejarvis/cloudflare-purge-action': 'use curl',
  'marvinpinto/action-automatic-releases': 'use gh release create',
  'marvinpinto/actions': 'use gh release create',
  'maxheld83/ghpages': 'use actions/deploy-pages',
  'mikepenz/gradle-dependency-submission': 'use gradle/actions/dependency-submission',
  'paambaati/codeclimate-action': 'use another report of coverage',
  'repo-sync/pull-request': 'use gh pr create',
  'repo-sync/repo-sync': 'use git push',
  'scottbrenner/generate-changelog-action': 'use gh release create --generate-notes',
  'semgrep/semgrep-action': 'run semgrep ci',
  'sonarsource/sonarcloud-github-action': 'use sonarsource/sonarqube-scan-action',
  'stefanprodan/kube-tools': 'install the programs that are needed',
  'technote-space/auto-cancel-redundant-workflow': 'use concurrency with cancel-in-progress',
  'technote-space/get-diff-action': 'use git diff',
  'tibdex/github-app-token': 'use actions/create-github-app-token',
  'whelk-io/maven-settings-xml-action': 'use actions/setup-java, which writes settings.xml',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { repository, at } of hookRepositories(subject)) {
    const fix = row(ARCHIVED, repository ?? '');
    if (fix !== undefined)
      yield { at, message: `${repository} is archived: nobody mends what is found in it`, fix };
  }
  for (const { uses, at, job } of repositoryUses(subject)) {
    const fix = Object.hasOwn(ARCHIVED, uses.repository) ? ARCHIVED[uses.repository] : undefined;
    if (fix === undefined) continue;
    yield {
      at,
      message: `${uses.repository} is archived: nobody mends what is found in it`,
      fix,
      ...(job !== undefined && { job: job.id }),
    };
  }
}
