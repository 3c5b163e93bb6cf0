import type { Attack, PendingAttack } from '../attack.ts';
import { attack as dnsLabels } from './dns-labels/attack.ts';
import { attack as exfiltrationHttps } from './exfiltration-https/attack.ts';
import { attack as metadataService } from './metadata-service/attack.ts';
import { attack as directAddress } from './direct-address/attack.ts';
import { attack as daemon } from './daemon/attack.ts';
import { attack as persistence } from './persistence/attack.ts';
import { attack as bombs } from './bombs/attack.ts';
import { attack as injectedAgent } from './injected-agent/attack.ts';
import { attack as controlRemoval } from './control-removal/attack.ts';
import { attack as escape } from './escape/attack.ts';
import { attack as sharedObjects } from './shared-objects/attack.ts';
import { attack as silentDowngrade } from './silent-downgrade/attack.ts';
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
  controlRemoval,
  escape,
  sharedObjects,
  silentDowngrade,
];

/** What waits for a control that is not built yet. */
export const PENDING: readonly PendingAttack[] = [
  {
    name: 'allowed-host-other-path',
    title: 'Exfiltration to an allowed host by another path',
    waitsFor: 'inspection of paths by the gateway',
  },
  {
    name: 'tampered-script',
    title: 'A downloaded script that was changed on its way',
    waitsFor: 'checks of what is fetched',
  },
  {
    name: 'masked-paths',
    title: 'Masked paths of an image that links them elsewhere (CVE-2025-31133)',
    waitsFor: 'jobs in images',
  },
  {
    name: 'keyring',
    title: 'Keys of another in a keyring of the kernel',
    waitsFor: 'a script that makes system calls (seccomp/profile.test.ts tries it meanwhile)',
  },
  {
    name: 'icmp',
    title: 'A secret in echo requests',
    waitsFor: 'a script that makes raw sockets (the probe tries it in every sandbox meanwhile)',
  },
  {
    name: 'masked-secrets',
    title: 'A secret printed in encodings',
    waitsFor: 'replays of whole workflows',
  },
  {
    name: 'event-data-injection',
    title: 'A branch name or title that is run as a script',
    waitsFor: 'replays of whole workflows',
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
