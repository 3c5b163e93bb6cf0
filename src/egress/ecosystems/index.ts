import { cargo } from './cargo.ts';
import type { Ecosystem } from './ecosystem.ts';
import { go } from './go.ts';
import { maven } from './maven.ts';
import { npm } from './npm.ts';
import { pypi } from './pypi.ts';

/** By preset. */
export const ECOSYSTEMS: Readonly<Record<string, Ecosystem>> = {
  '@npm': npm,
  '@pypi': pypi,
  '@go': go,
  '@cargo': cargo,
  '@maven': maven,
};
