export { Masker } from './masker.ts';
export { type SecretSource, readSecret } from './source.ts';
export { type SecretDecision, type WithheldSecret, withheldSecrets } from './withheld.ts';
