import { row } from '../known/row.ts';

export type Level = 'read' | 'write';

/** What of the job's token an action uses; `unless` and `when` are inputs by whose presence it is so. Source: each action's own page. */
interface Need {
  readonly scope: string;
  readonly level: Level;
  /** Only when one of these inputs is given (and not `false`). */
  readonly when?: readonly string[];
  /** Not when one of these inputs is given. */
  readonly unless?: readonly string[];
}

const NONE: readonly Need[] = [];
const READS: readonly Need[] = [{ scope: 'contents', level: 'read' }];
const IDENTITY: Need = { scope: 'id-token', level: 'write' };
const CONTENTS: Need = { scope: 'contents', level: 'write' };
const PULLS: Need = { scope: 'pull-requests', level: 'write' };
const ISSUES: Need = { scope: 'issues', level: 'write' };
const ATTESTS: readonly Need[] = [
  IDENTITY,
  { scope: 'attestations', level: 'write' },
  { scope: 'packages', level: 'write', when: ['push-to-registry'] },
];

/** By `owner/name` or `owner/name/path`. What stands here with nothing uses the token for nothing, or only to ask what everybody may. */
const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  'actions/checkout': READS,
  'actions/cache': NONE,
  'actions/cache/restore': NONE,
  'actions/cache/save': NONE,
  'actions/upload-artifact': NONE,
  'actions/download-artifact': [{ scope: 'actions', level: 'read', when: ['run-id', 'github-token'] }],
  'actions/setup-node': NONE,
  'actions/setup-python': NONE,
  'actions/setup-java': NONE,
  'actions/setup-go': NONE,
  'actions/setup-dotnet': NONE,
  'ruby/setup-ruby': NONE,
  'shivammathur/setup-php': NONE,
  'dtolnay/rust-toolchain': NONE,
  'actions-rust-lang/setup-rust-toolchain': NONE,
  'swatinem/rust-cache': NONE,
  'pnpm/action-setup': NONE,
  'oven-sh/setup-bun': NONE,
  'denoland/setup-deno': NONE,
  'astral-sh/setup-uv': NONE,
  'gradle/actions/setup-gradle': READS,
  'gradle/actions/wrapper-validation': NONE,
  'actions/labeler': [...READS, PULLS],
  'actions/stale': [
    ISSUES,
    PULLS,
    { scope: 'actions', level: 'write' },
    { ...CONTENTS, when: ['delete-branch'] },
  ],
  'actions/first-interaction': [ISSUES, PULLS],
  'actions/configure-pages': [{ scope: 'pages', level: 'write', when: ['enablement'] }],
  'actions/upload-pages-artifact': NONE,
  'actions/deploy-pages': [{ scope: 'pages', level: 'write' }, IDENTITY],
  'actions/attest': ATTESTS,
  'actions/attest-build-provenance': ATTESTS,
  'actions/attest-sbom': ATTESTS,
  'actions/dependency-review-action': [...READS, { ...PULLS, when: ['comment-summary-in-pr'] }],
  'actions/create-release': [CONTENTS],
  'softprops/action-gh-release': [CONTENTS],
  'ncipollo/release-action': [CONTENTS],
  'peaceiris/actions-gh-pages': [CONTENTS],
  'jamesives/github-pages-deploy-action': [CONTENTS],
  'stefanzweifel/git-auto-commit-action': [CONTENTS],
  'endbug/add-and-commit': [CONTENTS],
  'ad-m/github-push-action': [CONTENTS],
  'peter-evans/create-pull-request': [CONTENTS, PULLS],
  'peter-evans/create-or-update-comment': [ISSUES, PULLS],
  'marocchino/sticky-pull-request-comment': [PULLS],
  'changesets/action': [CONTENTS, PULLS],
  'googleapis/release-please-action': [CONTENTS, PULLS, ISSUES],
  'release-drafter/release-drafter': [CONTENTS, PULLS],
  'github/codeql-action/init': NONE,
  'github/codeql-action/autobuild': NONE,
  'github/codeql-action/analyze': [{ scope: 'security-events', level: 'write' }],
  'github/codeql-action/upload-sarif': [{ scope: 'security-events', level: 'write' }],
  'ossf/scorecard-action': [...READS, { ...IDENTITY, when: ['publish_results'] }],
  'pypa/gh-action-pypi-publish': [{ ...IDENTITY, unless: ['password'] }],
  'rubygems/release-gem': [CONTENTS, IDENTITY],
  'aws-actions/configure-aws-credentials': [{ ...IDENTITY, when: ['role-to-assume'] }],
  'google-github-actions/auth': [{ ...IDENTITY, when: ['workload_identity_provider'] }],
  'azure/login': [{ ...IDENTITY, when: ['client-id'] }],
  'docker/setup-buildx-action': NONE,
  'docker/setup-qemu-action': NONE,
  'docker/metadata-action': NONE,
  'docker/login-action': [{ scope: 'packages', level: 'write' }],
  'docker/build-push-action': [{ scope: 'packages', level: 'write', when: ['push', 'outputs'] }],
  'sigstore/cosign-installer': NONE,
  'dorny/paths-filter': [...READS, { scope: 'pull-requests', level: 'read' }],
  'amannn/action-semantic-pull-request': [{ scope: 'pull-requests', level: 'read' }],
  'codecov/codecov-action': [{ ...IDENTITY, when: ['use_oidc'] }],
  'golangci/golangci-lint-action': [
    ...READS,
    { scope: 'pull-requests', level: 'read', when: ['only-new-issues'] },
  ],
};

/** What an action uses of the job's token; undefined: nobody wrote it down. */
export function actionNeeds(
  action: string,
  given: ReadonlyMap<string, string>,
): readonly { readonly scope: string; readonly level: Level }[] | undefined {
  const has = (name: string): boolean => !['', 'false'].includes(given.get(name) ?? '');
  return row(NEEDS, action)?.filter(
    ({ when, unless }) =>
      (when === undefined || when.some(has)) && (unless === undefined || !unless.some(has)),
  );
}
