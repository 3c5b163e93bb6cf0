import type { Exposure } from './reviewed-preset.ts';

const DRAIN =
  'Whoever holds a credential for it can publish there, and so carry anything out by the same host: give untrusted jobs none, ' +
  'and close that half by `methods: [GET, HEAD]`, which keeps installing and refuses every upload.';
const STRANGERS =
  'Everybody can publish there: what is fetched is a stranger\u2019s, and its install scripts run in the job.';

/** Of the presets that stand for what a client is configured for; their hosts are its own word. */
export const REGISTRIES: Readonly<Record<string, Exposure>> = {
  '@npm': {
    kind: 'registry',
    what: 'the registry of your npm',
    exposes: `${DRAIN} ${STRANGERS} \`npm audit\` asks by POST, and is refused then.`,
    source: 'https://github.com/npm/cli/blob/latest/docs/lib/content/using-npm/registry.md',
  },
  '@pypi': {
    kind: 'registry',
    what: 'the index of your pip, and where that keeps its files',
    exposes: `${STRANGERS} Its own index takes uploads by another host; a mirror of your company may take them by this one: ${DRAIN}`,
    source: 'https://pip.pypa.io/en/stable/cli/pip_install/',
  },
  '@go': {
    kind: 'registry',
    what: 'the module proxies of your go',
    exposes:
      'The proxy fetches what is asked for from wherever its path says: a path is a question that the owner of the named place ' +
      'can see being asked. Nothing is uploaded by its protocol.',
    source: 'https://go.dev/ref/mod#goproxy-protocol',
  },
  '@cargo': {
    kind: 'registry',
    what: 'the index of your cargo, and where that keeps its files',
    exposes: `${STRANGERS} A registry of your company may take uploads by the same host: ${DRAIN}`,
    source: 'https://doc.rust-lang.org/cargo/reference/registry-index.html',
  },
  '@maven': {
    kind: 'registry',
    what: 'the repositories of your Maven',
    exposes: `${STRANGERS} A repository of your company takes uploads by the same host: ${DRAIN}`,
    source: 'https://maven.apache.org/guides/introduction/introduction-to-repositories.html',
  },
};
