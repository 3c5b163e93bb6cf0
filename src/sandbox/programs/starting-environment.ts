/**
 * Variables by which whoever starts a program has code of his own run in it: by the dynamic loader (ld.so(8)), by an
 * interpreter, by a virtual machine. What makes a program start *another* one (GIT_SSH_COMMAND, PAGER) is not among them: that
 * is another process, and judged as what it is.
 */
const LOADING: ReadonlySet<string> = new Set([
  'NODE_OPTIONS',
  'NODE_PATH',
  // Compiled code is taken from there, and nothing binds it to its source but what whoever wrote it says.
  'NODE_COMPILE_CACHE',
  'PYTHONPYCACHEPREFIX',
  'PYTHONPLATLIBDIR',
  'PYTHONBREAKPOINT',
  'PYTHON_PRESITE',
  'PYTHONPATH',
  'PYTHONHOME',
  'PYTHONSTARTUP',
  'PYTHONUSERBASE',
  'PYTHONINSPECT',
  'PERL5LIB',
  'PERL5OPT',
  'PERL5DB',
  'PERLLIB',
  'RUBYOPT',
  'RUBYLIB',
  'BASH_ENV',
  'ENV',
  // A shell that traces runs what PS4 has in it.
  'PS4',
  'SHELLOPTS',
  'BASHOPTS',
  'ZDOTDIR',
  'PHPRC',
  'PHP_INI_SCAN_DIR',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  '_JAVA_OPTIONS',
  'IBM_JAVA_OPTIONS',
  'OPENJ9_JAVA_OPTIONS',
  'CLASSPATH',
  'MAVEN_OPTS',
  'GRADLE_OPTS',
  'DOTNET_STARTUP_HOOKS',
  'DOTNET_ADDITIONAL_DEPS',
  'CORECLR_PROFILER',
  'CORECLR_ENABLE_PROFILING',
  'COR_PROFILER',
  'OPENSSL_CONF',
  'OPENSSL_CONF_INCLUDE',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
  'GCONV_PATH',
  'LUA_INIT',
  'LUA_PATH',
  'LUA_CPATH',
]);

/** Of the loader, whatever it comes to know; functions that bash takes for its own commands. */
const PREFIXES = ['LD_', 'BASH_FUNC_'];

/**
 * The name of a variable by which other code was to be loaded into a program at its start, or undefined. `text` is what
 * proc_pid_environ(5) shows; the job wrote it. What the control side itself gave (`given`) says nothing against a program.
 */
export function loadingVariable(
  text: string,
  given: Readonly<Record<string, string>> = {},
): string | undefined {
  for (const line of text.split('\0')) {
    const at = line.indexOf('=');
    if (at <= 0 || at === line.length - 1) continue;
    const [name, value] = [line.slice(0, at), line.slice(at + 1)];
    if (!LOADING.has(name) && !PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (Object.hasOwn(given, name) && given[name] === value) continue;
    return name;
  }
  return undefined;
}
