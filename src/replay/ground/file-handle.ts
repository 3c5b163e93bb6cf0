import { execFileSync } from 'node:child_process';
import { nativeProgram } from '../../sandbox/index.ts';

/** Of `struct file_handle` (open_by_handle_at(2)): how many bytes follow, of which kind, and the most that there are. */
const HEADER = 8;
const MAX_HANDLE = 128;

/** The handle by which a file can be opened on its file system without its path, in hexadecimal. */
export function handleOf(path: string): string {
  const empty = Buffer.alloc(HEADER + MAX_HANDLE);
  empty.writeUInt32LE(MAX_HANDLE);
  const said = execFileSync(nativeProgram('call'), [
    `name_to_handle_at -100 s:${path} x:${empty.toString('hex')} b:4 0`,
    'show 0 1',
  ]);
  const handle = said.subarray(said.indexOf('\n') + 1);
  return handle.subarray(0, HEADER + handle.readUInt32LE()).toString('hex');
}
