const CONTEXT = ['time', 'group_id', 'credentials', 'parent_thread_group_id'];

/** What is asked of gVisor's monitoring (`runsc trace metadata` lists all of its points), and how it is decoded: `native/trace`. */
const POINTS: readonly { readonly name: string; readonly fields?: readonly string[]; readonly cwd?: true }[] =
  [
    { name: 'container/start' },
    { name: 'sentry/execve' },
    { name: 'sentry/exit_notify_parent' },
    { name: 'syscall/connect/enter' },
    { name: 'syscall/listen/exit' },
    { name: 'syscall/setuid/exit' },
    { name: 'syscall/setgid/exit' },
    { name: 'syscall/setresuid/exit' },
    { name: 'syscall/setresgid/exit' },
    { name: 'syscall/open/exit', cwd: true },
    { name: 'syscall/openat/exit', fields: ['fd_path'], cwd: true },
    { name: 'syscall/creat/exit', cwd: true },
  ];

/** It waits so often, up to 10 ms each time, before it gives up a message and counts it as dropped. */
const RETRIES = 1_000;

/** gVisor's `--pod-init-config`: what it is to tell from the container's first moment on, and to which socket. */
export function seccheckSession(endpoint: string): string {
  const points = POINTS.map(({ name, fields, cwd }) => ({
    name,
    ...(fields !== undefined && { optional_fields: fields }),
    context_fields: cwd === true ? [...CONTEXT, 'cwd'] : CONTEXT,
  }));
  const sinks = [{ name: 'remote', config: { endpoint, retries: RETRIES } }];
  return JSON.stringify({ trace_session: { name: 'Default', points, sinks } });
}
