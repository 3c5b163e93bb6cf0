import { FETCH, type ReviewedPreset } from './reviewed-preset.ts';

export const ARTIFACT_STORES: Readonly<Record<string, ReviewedPreset>> = {
  '@github-releases': {
    kind: 'artifacts',
    what: 'files of releases, and archives of tags, on GitHub',
    exposes:
      'A release is whatever somebody with the right to a repository put there, also an attacker to his own: hold it to a ' +
      'digest. Nothing can be uploaded.',
    source: 'https://docs.github.com/en/repositories/releasing-projects-on-github/linking-to-releases',
    allow: [
      {
        host: 'github.com',
        methods: FETCH,
        paths: ['/*/*/releases/download/**', '/*/*/releases/latest/download/**', '/*/*/archive/**'],
      },
      { host: 'codeload.github.com', methods: FETCH },
      { host: 'objects.githubusercontent.com', methods: FETCH },
      { host: 'release-assets.githubusercontent.com', methods: FETCH },
    ],
  },
};
