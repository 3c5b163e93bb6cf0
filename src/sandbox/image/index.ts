import type { Refusal, Result } from '../../base/index.ts';
import type { RootImage } from './open-image.ts';

export type { RootImage } from './open-image.ts';

/** As `open-image.ts` has it; loaded when there is an image to open, so that nothing else waits for it. */
export async function openImage(
  path: string,
  stateFolder: string,
  unpacking: () => void,
): Promise<Result<RootImage, Refusal>> {
  const loaded = await import('./open-image.ts');
  return loaded.openImage(path, stateFolder, unpacking);
}
