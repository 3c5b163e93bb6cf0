import { accessSync, constants, openSync, readSync, closeSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isProgramPath, type ProgramRule } from '../../config/index.ts';

/** Programs that are known to make machine code as they run; of others it is asked as if they did not. */
const JIT = new Set(['node', 'nodejs', 'java', 'bun', 'deno', 'dotnet', 'beam.smp', 'luajit']);
const HEAD_BYTES = 256;

/**
 * The program that a command is on this machine, whose `/usr` jobs are shown: its executable, and of what begins with `#!` the
 * interpreter and the script. Undefined when there is none of that name. `path` is where commands are searched.
 */
export function commandProgram(word: string, path: string): ProgramRule | undefined {
  const file = found(word, path);
  if (file === undefined) return undefined;
  const [interpreter, argument] = interpreterOf(file);
  if (interpreter === undefined) return ruled(file);
  const named = basename(interpreter) === 'env' && argument !== undefined ? argument : interpreter;
  const run = found(named, path);
  return run === undefined ? undefined : ruled(run, file);
}

function ruled(run: string, script?: string): ProgramRule | undefined {
  if (!isProgramPath(run) || (script !== undefined && !isProgramPath(script))) return undefined;
  return { run, ...(script !== undefined && { script }), ...(JIT.has(basename(run)) && { jit: true }) };
}

function found(word: string, path: string): string | undefined {
  const places = word.startsWith('/') ? [word] : path.split(':').map((folder) => join(folder, word));
  for (const place of word.includes('/') && !word.startsWith('/') ? [] : places) {
    try {
      accessSync(place, constants.X_OK);
      if (statSync(place).isFile()) return realpathSync(place);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** What stands behind `#!` (execve(2)): the interpreter, and at most one argument. */
function interpreterOf(file: string): readonly string[] {
  let head: Buffer;
  try {
    const descriptor = openSync(file, constants.O_RDONLY);
    const room = Buffer.alloc(HEAD_BYTES);
    const size = readSync(descriptor, room, 0, HEAD_BYTES, 0);
    closeSync(descriptor);
    head = room.subarray(0, size);
  } catch {
    return [];
  }
  const [line = ''] = head.toString('latin1').split('\n');
  return line.startsWith('#!') ? line.slice(2).trim().split(/\s+/) : [];
}
