import { join } from 'node:path';
import { ask, type Ecosystem, type PresetSources, setting, text, withoutCredential } from './ecosystem.ts';

const ASK =
  'from pip._internal.models.index import PyPI; print(PyPI.simple_url); print("https://" + PyPI.file_storage_domain)';

async function index(sources: PresetSources): Promise<readonly string[]> {
  const { environment, home } = sources;
  const given = environment['PIP_INDEX_URL'];
  if (given !== undefined && given !== '') return [given];
  const files = [
    environment['PIP_CONFIG_FILE'],
    ...(home === undefined ? [] : [join(home, '.config/pip/pip.conf'), join(home, '.pip/pip.conf')]),
    '/etc/pip.conf',
  ];
  for (const file of files) {
    const found = file === undefined ? undefined : setting(await text(file), /^index-url\s*=\s*(\S{1,500})$/);
    if (found !== undefined) return [found];
  }
  const asked = await ask('python3', ['-c', ASK], sources);
  return asked.startsWith('http') ? asked.split('\n') : [];
}

export const pypi: Ecosystem = {
  resolve: async (sources) => {
    const urls = (await index(sources)).flatMap((url) => withoutCredential(url) ?? []);
    const [first] = urls;
    return first === undefined ? undefined : { urls, environment: { PIP_INDEX_URL: first } };
  },
  fix: 'install pip, or set PIP_INDEX_URL',
};
