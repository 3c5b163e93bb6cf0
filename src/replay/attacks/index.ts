import type { Attack, PendingAttack } from '../attack.ts';
import { attack as allowedHost } from './allowed-host/attack.ts';
import { attack as appliedChanges } from './applied-changes/attack.ts';
import { attack as bombs } from './bombs/attack.ts';
import { attack as controlRemoval } from './control-removal/attack.ts';
import { attack as daemon } from './daemon/attack.ts';
import { attack as directAddress } from './direct-address/attack.ts';
import { attack as dnsTunnel } from './dns-tunnel/attack.ts';
import { attack as escape } from './escape/attack.ts';
import { attack as evasion } from './evasion/attack.ts';
import { attack as eventDataInjection } from './event-data-injection/attack.ts';
import { attack as exfiltrationHttps } from './exfiltration-https/attack.ts';
import { attack as forgedCommands } from './forged-commands/attack.ts';
import { attack as hostileRepository } from './hostile-repository/attack.ts';
import { attack as injectedAgent } from './injected-agent/attack.ts';
import { attack as kernelSurface } from './kernel-surface/attack.ts';
import { attack as maskedSecrets } from './masked-secrets/attack.ts';
import { attack as metadataService } from './metadata-service/attack.ts';
import { attack as persistence } from './persistence/attack.ts';
import { attack as poisonedEnvironment } from './poisoned-environment/attack.ts';
import { attack as runnerMemory } from './runner-memory/attack.ts';
import { attack as sharedObjects } from './shared-objects/attack.ts';
import { attack as sharedCounts } from './shared-counts/attack.ts';
import { attack as silentDowngrade } from './silent-downgrade/attack.ts';
import { attack as tamperedScript } from './tampered-script/attack.ts';
import { attack as terminalOutput } from './terminal-output/attack.ts';

/** Every attack that can be replayed. A new one is a folder, and a line here. */
export const ATTACKS: readonly Attack[] = [
  runnerMemory,
  maskedSecrets,
  exfiltrationHttps,
  allowedHost,
  tamperedScript,
  injectedAgent,
  dnsTunnel,
  directAddress,
  evasion,
  metadataService,
  eventDataInjection,
  poisonedEnvironment,
  forgedCommands,
  terminalOutput,
  daemon,
  persistence,
  appliedChanges,
  hostileRepository,
  bombs,
  sharedCounts,
  controlRemoval,
  escape,
  kernelSurface,
  sharedObjects,
  silentDowngrade,
];

/** What waits for a control that is not built yet. */
export const PENDING: readonly PendingAttack[] = [
  {
    name: 'script-that-differs',
    title: 'That a downloaded script is not the one that was meant, before it runs',
    waitsFor: 'checks of what is fetched',
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
