import { ARTIFACT_STORES } from './artifact-stores.ts';
import { REGISTRIES } from './registries.ts';
import type { Exposure, ReviewedPreset } from './reviewed-preset.ts';
import { SOURCE_CONTROL } from './source-control.ts';
import { TOOLCHAINS } from './toolchains.ts';

export { type Exposure, REVIEWED } from './reviewed-preset.ts';

/** Presets whose hosts stand here. */
export const REVIEWED_PRESETS: Readonly<Record<string, ReviewedPreset>> = {
  ...SOURCE_CONTROL,
  ...ARTIFACT_STORES,
  ...TOOLCHAINS,
};

/** What every preset exposes. */
export const EXPOSURES: Readonly<Record<string, Exposure>> = { ...REGISTRIES, ...REVIEWED_PRESETS };
