import { FETCH, type ReviewedPreset } from './reviewed-preset.ts';

/** Fetching by git over HTTPS, and the files that a forge serves beside: nothing else of it, and no push. */
function forge(host: string, files: readonly string[]): ReviewedPreset['allow'] {
  return [
    { host, git: 'read' },
    { host, methods: FETCH, paths: files },
  ];
}

/** Each path for repositories in groups of one to four levels. */
function nested(paths: readonly string[]): readonly string[] {
  return [2, 3, 4, 5].flatMap((depth) => paths.map((path) => `/${'*/'.repeat(depth)}${path}`));
}

const PUSH_IS_CLOSED =
  'Every public repository can be fetched, also one that an attacker made, and with a credential of the job\u2019s its private ' +
  'ones. Nothing can be pushed, and no issue, comment or release made; pages and searches are not served.';

export const SOURCE_CONTROL: Readonly<Record<string, ReviewedPreset>> = {
  '@github': {
    kind: 'source-control',
    what: 'repositories, archives, releases and raw files of GitHub, without its API and without Git LFS',
    exposes: PUSH_IS_CLOSED,
    source:
      'https://docs.github.com/en/get-started/using-github/allowing-access-to-githubs-services-from-a-restricted-network',
    allow: [
      ...forge('github.com', [
        '/*/*/archive/**',
        '/*/*/releases/download/**',
        '/*/*/releases/latest/download/**',
        '/*/*/raw/**',
      ]),
      { host: 'codeload.github.com', methods: FETCH },
      { host: 'raw.githubusercontent.com', methods: FETCH },
      { host: 'objects.githubusercontent.com', methods: FETCH },
      { host: 'release-assets.githubusercontent.com', methods: FETCH },
    ],
  },
  '@github-api': {
    kind: 'source-control',
    what: 'what can be read by GitHub\u2019s REST API; GraphQL is asked by POST, and is not in it',
    exposes:
      'With a token of the job\u2019s, all that this token may read, also of other repositories. Nothing can be written.',
    source: 'https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api',
    allow: [{ host: 'api.github.com', methods: FETCH }],
  },
  '@gitlab': {
    kind: 'source-control',
    what: 'repositories, archives and releases of gitlab.com, with groups of up to four levels',
    exposes: `${PUSH_IS_CLOSED} Its API and packages, which the same host serves, are not in it, so that a release whose links lead there is not had.`,
    source: 'https://docs.gitlab.com/user/project/repository/',
    allow: forge('gitlab.com', nested(['-/archive/**', '-/releases/**', '-/raw/**'])),
  },
  '@bitbucket': {
    kind: 'source-control',
    what: 'repositories and archives of Bitbucket Cloud',
    exposes: `${PUSH_IS_CLOSED} Files that were uploaded to a repository\u2019s downloads lie in a bucket of another host, which is not in it.`,
    source: 'https://support.atlassian.com/bitbucket-cloud/kb/how-to-download-repositories-using-the-api',
    allow: forge('bitbucket.org', ['/*/*/get/**', '/*/*/downloads/**', '/*/*/raw/**']),
  },
  '@codeberg': {
    kind: 'source-control',
    what: 'repositories, archives and releases of Codeberg',
    exposes: `${PUSH_IS_CLOSED} Its API and packages, which the same host serves, are not in it.`,
    source: 'https://docs.codeberg.org/git/clone-commit-via-cli/',
    allow: forge('codeberg.org', ['/*/*/archive/**', '/*/*/releases/download/**', '/*/*/raw/**']),
  },
};
