export type * from './contract.ts';
export * from './workspace/index.ts';
