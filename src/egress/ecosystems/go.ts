import { ask, type Ecosystem, withoutCredential } from './ecosystem.ts';

export const go: Ecosystem = {
  resolve: async (sources) => {
    const given = sources.environment['GOPROXY'] ?? (await ask('go', ['env', 'GOPROXY'], sources));
    const urls = given
      .split(/[,|]/)
      .filter((part) => part.startsWith('http'))
      .flatMap((part) => withoutCredential(part) ?? []);
    return urls.length === 0 ? undefined : { urls, environment: { GOPROXY: urls.join(',') } };
  },
  fix: 'install go, or set GOPROXY',
};
