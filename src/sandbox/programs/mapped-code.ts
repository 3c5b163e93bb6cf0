/** What a process executes, by its own map of memory. */
export interface MappedCode {
  /** Memory of no file is executed: machine code that was made as it ran. */
  readonly jit: boolean;
  /** Executed from a file that the job can write, or from no file system, or changed after it was read. */
  readonly foreign?: string;
}

const MAPPING = /^[0-9a-f]+-[0-9a-f]+ (\S{4}) \S+ \S+ (\d+)\s*(.*)$/;
/** The kernel's own pages, which no process can write. */
const KERNELS = new Set(['[vdso]', '[vsyscall]', '[uprobes]', '[sigpage]']);

/**
 * Reads proc_pid_smaps(5). Code that is a file's must be the file's still: pages of it that were written belong to the
 * process alone and are told as `Anonymous`. `isReadOnly` says of a path in the job's root that the job cannot write there.
 */
export function mappedCode(smaps: string, isReadOnly: (path: string) => boolean): MappedCode {
  let jit = false;
  let file: string | undefined;
  for (const line of smaps.split('\n')) {
    const mapping = MAPPING.exec(line);
    if (mapping !== null) {
      const [, rights = '', inode = '0', name = ''] = mapping;
      file = undefined;
      if (!rights.includes('x') || KERNELS.has(name)) continue;
      if (inode === '0' && (name === '' || name.startsWith('['))) jit = true;
      // Shared memory, a memfd and what was removed have names too, and no place that is read-only.
      else if (!name.startsWith('/') || name.endsWith(' (deleted)') || !isReadOnly(name))
        return { jit, foreign: name };
      else file = name;
    } else if (file !== undefined && /^Anonymous: +[1-9]/.test(line)) {
      return { jit, foreign: `${file}, whose code was changed in memory` };
    }
  }
  return { jit };
}
