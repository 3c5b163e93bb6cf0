import type { IdMapping } from './runtime-spec.ts';

/** An id of the machine as the job sees it, or undefined when it has none inside. */
export function innerId(mappings: readonly IdMapping[], hostId: number): number | undefined {
  const map = mappings.find(({ hostID, size }) => hostId >= hostID && hostId < hostID + size);
  return map === undefined ? undefined : map.containerID + hostId - map.hostID;
}
