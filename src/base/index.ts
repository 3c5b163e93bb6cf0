export { type Json, canonicalJson } from './canonical-json.ts';
export { type Digest, sha256 } from './digest.ts';
export { ulid } from './id.ts';
export { type Place, type Refusal, REFUSAL_STATUS, refusal } from './refusal.ts';
export { type Result, assertNever, err, ok } from './result.ts';
export { formatSize, parseDuration, parseSize } from './units.ts';
