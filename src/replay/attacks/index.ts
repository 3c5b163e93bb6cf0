import type { Attack, PendingAttack } from '../attack.ts';
import { attack as dnsLabels } from './dns-labels/attack.ts';
import { attack as exfiltrationHttps } from './exfiltration-https/attack.ts';
import { attack as metadataService } from './metadata-service/attack.ts';
import { attack as directAddress } from './direct-address/attack.ts';
import { attack as daemon } from './daemon/attack.ts';
import { attack as persistence } from './persistence/attack.ts';
import { attack as bombs } from './bombs/attack.ts';
import { attack as injectedAgent } from './injected-agent/attack.ts';
import { attack as runnerMemory } from './runner-memory/attack.ts';

/** Every attack that can be replayed. A new one is a folder, and a line here. */
export const ATTACKS: readonly Attack[] = [
  runnerMemory,
  exfiltrationHttps,
  dnsLabels,
  directAddress,
  metadataService,
  injectedAgent,
  daemon,
  persistence,
  bombs,
];

/** What waits for a control that is not built yet. */
export const PENDING: readonly PendingAttack[] = [
  {
    name: 'allowed-host-other-path',
    title: 'Exfiltration to an allowed host by another path',
    waitsFor: 'inspection of paths by the gateway',
  },
  {
    name: 'cross-zone-cache',
    title: 'A cache poisoned in one zone and read in another',
    waitsFor: 'caches',
  },
  {
    name: 'persistence-by-cache',
    title: 'Persistence across jobs by a cache',
    waitsFor: 'caches',
  },
];
