import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'long-lived-credentials',
  title: 'A key that does not end is used where a short one can be had',
  severity: 'low',
  confidence: 'medium',
  persona: 'default',
  guide: ['§3', 'checklist'],
  alsoKnownAs: ['zizmor/use-trusted-publishing', 'codeql/actions/npm-token-in-publish'],
  check,
};

/** Inputs of actions that can exchange the job\u2019s identity instead. Source: each action\u2019s own documentation. */
const STATIC: Readonly<Record<string, readonly string[]>> = {
  'aws-actions/configure-aws-credentials': ['aws-access-key-id', 'aws-secret-access-key'],
  'google-github-actions/auth': ['credentials_json'],
  'azure/login': ['creds'],
  'pypa/gh-action-pypi-publish': ['password'],
  'hashicorp/vault-action': ['token', 'roleid'],
  'rubygems/release-gem': ['api-key'],
  'js-devtools/npm-publish': ['token'],
};
/** Registries that let a workflow publish as itself, by the command that publishes. */
const PUBLISHERS: Readonly<Record<string, readonly string[]>> = {
  npm: ['NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  pnpm: ['NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  cargo: ['CARGO_REGISTRY_TOKEN'],
  gem: ['GEM_HOST_API_KEY', 'RUBYGEMS_API_KEY'],
  uv: ['UV_PUBLISH_TOKEN', 'UV_PUBLISH_PASSWORD'],
  dotnet: ['NUGET_API_KEY', 'NUGET_AUTH_TOKEN'],
};
const VARIABLES = new Set([
  'AWS_SECRET_ACCESS_KEY',
  'GOOGLE_CREDENTIALS',
  'ARM_CLIENT_SECRET',
  'AZURE_CLIENT_SECRET',
  'TWINE_PASSWORD',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const inputs = step.uses?.kind === 'repository' ? (row(STATIC, step.uses.repository) ?? []) : [];
    const of = job === undefined ? {} : { job: job.id };
    for (const { name, value } of step.with)
      if (inputs.includes(name.toLowerCase()) && value.text.includes('secrets.'))
        yield {
          ...of,
          at: spanOf(file.source, value.at, value.text.length),
          message: `${name} is a key that works until somebody revokes it`,
          fix: 'use OIDC: id-token: write, and a role or trusted publisher that trusts this workflow',
        };
    const published =
      step.run === undefined
        ? undefined
        : publisherOf(subject, { file, step, ...(job !== undefined && { job }) });
    for (const { name, value } of [...step.env, ...(published === undefined ? [] : (job?.env ?? []))])
      if (
        (VARIABLES.has(name) ||
          (published !== undefined && row(PUBLISHERS, published)?.includes(name) === true)) &&
        value.text.includes('secrets.')
      )
        yield {
          ...of,
          at: spanOf(file.source, value.at, value.text.length),
          message: `${name} is a key that works until somebody revokes it`,
          fix: 'use OIDC: id-token: write, and a role or trusted publisher that trusts this workflow',
        };
  }
}

function publisherOf(subject: Subject, site: Site): string | undefined {
  return subject
    .script(site)
    ?.commands.find(
      ({ name, words }) =>
        row(PUBLISHERS, name) !== undefined &&
        words.some(({ value }) => value === 'publish' || value === 'push') &&
        !words.some(({ value }) => value === '--dry-run'),
    )?.name;
}
