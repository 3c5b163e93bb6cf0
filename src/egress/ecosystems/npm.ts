import { join } from 'node:path';
import { ask, type Ecosystem, type PresetSources, setting, text, withoutCredential } from './ecosystem.ts';

async function registry(sources: PresetSources): Promise<string | undefined> {
  const { environment, home } = sources;
  const given = environment['npm_config_registry'] ?? environment['NPM_CONFIG_REGISTRY'];
  if (given !== undefined && given !== '') return given;
  const files = [
    environment['NPM_CONFIG_USERCONFIG'],
    home === undefined ? undefined : join(home, '.npmrc'),
    '/etc/npmrc',
    '/usr/etc/npmrc',
    '/usr/local/etc/npmrc',
  ];
  for (const file of files) {
    const found = file === undefined ? undefined : setting(await text(file), /^registry\s*=\s*(\S{1,500})$/);
    if (found !== undefined) return found;
  }
  const asked = await ask('npm', ['config', 'get', 'registry'], sources);
  return asked.startsWith('http') ? (asked.split('\n').at(-1) ?? asked) : undefined;
}

export const npm: Ecosystem = {
  resolve: async (sources) => {
    const url = withoutCredential((await registry(sources)) ?? '');
    return url === undefined ? undefined : { urls: [url], environment: { npm_config_registry: url } };
  },
  fix: 'install npm, or set npm_config_registry',
};
