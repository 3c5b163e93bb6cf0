export { isAlarming } from './alarming.ts';
export { loadSigningKey } from './checkpoint.ts';
export { openRecord, RecordLost, type RecordOptions, type RunRecord } from './record.ts';
export { type Verification, verifyRecord, type VerifyOptions } from './verify-record.ts';
export { visible } from './visible.ts';
export type {
  RecordedFact,
  RecordEvent,
  RecordEventType,
  RiskOperation,
  SeenProcess,
  SeenProgram,
  Verdict,
} from './vocabulary.ts';
