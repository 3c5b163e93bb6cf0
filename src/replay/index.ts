export type { Attack, PendingAttack, ReplayCase } from './attack.ts';
export { ATTACKS, PENDING } from './attacks/index.ts';
export { runInGround } from './ground/open-ground.ts';
export { lackOf } from './needs.ts';
export {
  chooseCases,
  type ChosenCase,
  type Replayed,
  type ReplayHow,
  type ReplayRuntime,
  replayCases,
} from './replay.ts';
export { attackTable } from './report/attack-table.ts';
export { junit } from './report/junit.ts';
export { replayStatus, type ReplayVerdict } from './verdict.ts';
