import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootTree } from '../plan/root-tree.ts';

/** Makes the small tree below the mounts. `rootfs` is new and ours; nothing of a job's has touched it. */
export function writeRootTree(rootfs: string, tree: RootTree): void {
  const made = new Set<string>();
  const folder = (path: string): void => {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true, mode: 0o755 });
    made.add(path);
  };
  folder(rootfs);
  for (const { path, mode } of tree.directories) {
    folder(join(rootfs, path));
    if (mode !== 0o755) chmodSync(join(rootfs, path), mode);
  }
  for (const { path, target } of tree.links) {
    folder(dirname(join(rootfs, path)));
    symlinkSync(target, join(rootfs, path));
  }
  for (const path of tree.points) {
    folder(dirname(join(rootfs, path)));
    writeFileSync(join(rootfs, path), '');
  }
  for (const path of tree.copies) {
    folder(dirname(join(rootfs, path)));
    // What the machine keeps from its users it keeps from the job.
    const mode = statSync(path).mode & 0o755;
    writeFileSync(join(rootfs, path), readFileSync(path), { mode });
  }
  for (const { path, content } of tree.files) {
    folder(dirname(join(rootfs, path)));
    writeFileSync(join(rootfs, path), content, { mode: 0o644 });
  }
}
