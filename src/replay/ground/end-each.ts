/** Ends each of these processes; one that has ended meanwhile, by itself or with its parent, is none to fail over. */
export function endEach(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
}
