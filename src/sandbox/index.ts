export * from './changes/index.ts';
export type * from './contract.ts';
export { type OpenSandboxOptions, openSandbox } from './oci/open-sandbox.ts';
export { reapSandboxes } from './oci/reap.ts';
export * from './workspace/index.ts';
