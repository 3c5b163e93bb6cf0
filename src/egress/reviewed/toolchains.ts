import { FETCH, type ReviewedPreset } from './reviewed-preset.ts';

const ONE_PUBLISHER =
  'Only its publisher can put anything there, and nothing can be sent. Hold what is fetched to a digest or signature.';

function toolchain(
  what: string,
  source: string,
  places: readonly (readonly [string, readonly string[]])[],
  more = '',
): ReviewedPreset {
  return {
    kind: 'toolchain',
    what,
    exposes: `${ONE_PUBLISHER}${more}`,
    source,
    allow: places.map(([host, paths]) => ({ host, methods: FETCH, paths })),
  };
}

export const TOOLCHAINS: Readonly<Record<string, ReviewedPreset>> = {
  '@node-dist': toolchain('releases of Node.js', 'https://github.com/nodejs/node#download', [
    ['nodejs.org', ['/dist/**', '/download/release/**']],
  ]),
  '@go-dist': toolchain(
    'releases of Go',
    'https://go.googlesource.com/dl/+/f798e20c9ec1dfe45a3a432d168172504ecf3b88',
    [
      ['go.dev', ['/dl/**']],
      ['dl.google.com', ['/go/**']],
    ],
  ),
  '@rust-dist': toolchain(
    'releases of Rust, as rustup fetches them',
    'https://rust-lang.github.io/rustup/environment-variables.html',
    [['static.rust-lang.org', ['/dist/**', '/rustup/**']]],
  ),
  '@python-dist': toolchain('releases of Python', 'https://www.python.org/ftp/python/', [
    ['www.python.org', ['/ftp/python/**']],
  ]),
  '@gradle-dist': toolchain(
    'releases of Gradle, as its wrapper fetches them',
    'https://docs.gradle.org/current/userguide/gradle_wrapper.html',
    [
      ['services.gradle.org', ['/distributions/**', '/versions/**']],
      // Where the first one led in February 2026.
      ['downloads.gradle.org', ['/distributions/**']],
    ],
    ' It answers with places among the releases on GitHub (@github-releases).',
  ),
};
