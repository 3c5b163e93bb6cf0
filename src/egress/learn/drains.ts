/**
 * Hosts whose purpose is to take what a stranger sends: request collectors, out-of-band testers, tunnels, pastes, chat hooks.
 * Each may be right somewhere; none is learned without being named. As of 2026-11-25; a
 * name stands for everything below it too.
 */
export const DRAINS: Readonly<Record<string, string>> = {
  'webhook.site': 'collects requests for whoever made the address',
  'requestbin.com': 'collects requests for whoever made the address',
  'pipedream.net': 'collects requests for whoever made the address',
  'beeceptor.com': 'collects requests for whoever made the address',
  'hookbin.com': 'collects requests for whoever made the address',
  'burpcollaborator.net': 'takes out-of-band requests for a tester',
  'oastify.com': 'takes out-of-band requests for a tester',
  'oast.fun': 'takes out-of-band requests for a tester',
  'oast.live': 'takes out-of-band requests for a tester',
  'oast.pro': 'takes out-of-band requests for a tester',
  'oast.site': 'takes out-of-band requests for a tester',
  'oast.online': 'takes out-of-band requests for a tester',
  'oast.me': 'takes out-of-band requests for a tester',
  'interact.sh': 'takes out-of-band requests for a tester',
  'dnslog.cn': 'collects names that were asked for',
  'ceye.io': 'collects names that were asked for',
  'ngrok.io': 'is a tunnel to anybody’s machine',
  'ngrok.app': 'is a tunnel to anybody’s machine',
  'ngrok-free.app': 'is a tunnel to anybody’s machine',
  'trycloudflare.com': 'is a tunnel to anybody’s machine',
  'serveo.net': 'is a tunnel to anybody’s machine',
  'loca.lt': 'is a tunnel to anybody’s machine',
  'localhost.run': 'is a tunnel to anybody’s machine',
  'pastebin.com': 'keeps what anybody pastes',
  'paste.ee': 'keeps what anybody pastes',
  'hastebin.com': 'keeps what anybody pastes',
  'ix.io': 'keeps what anybody pastes',
  'transfer.sh': 'keeps files that anybody sends',
  'file.io': 'keeps files that anybody sends',
  '0x0.st': 'keeps files that anybody sends',
  'gofile.io': 'keeps files that anybody sends',
  'api.telegram.org': 'passes messages to whoever holds a bot’s token',
  'discord.com': 'passes messages to whoever made a webhook',
  'discordapp.com': 'passes messages to whoever made a webhook',
  'hooks.slack.com': 'passes messages to whoever made a webhook',
};

export function drainBehind(host: string): string | undefined {
  const labels = host.split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const name = labels.slice(at).join('.');
    if (Object.hasOwn(DRAINS, name)) return DRAINS[name];
  }
  return undefined;
}
