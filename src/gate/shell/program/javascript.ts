import type { RunnerFile, ShellWord } from '../script.ts';
import { isNarrowMatch } from './narrow.ts';
import { type Call, type Meaning, started, startedBy, type Vocabulary } from './call.ts';

const MODULES: Readonly<Record<string, string>> = {
  '@actions/core': 'core',
  '@actions/exec': 'exec',
  '@actions/github': 'toolkit',
  'fs/promises': 'fs',
  'fs-extra': 'fs',
};
const ROOTS =
  /^(?:<event>|process|context|github|octokit|core|exec|fs|child_process|toolkit|vm|os|path|util)(?:\.|$)/;
const PLAIN =
  /(?:^|\.)(?:Number|Boolean|parseInt|parseFloat|isNaN|includes|startsWith|endsWith|test|indexOf|lastIndexOf|some|every|existsSync|isInteger|digest|localeCompare|charCodeAt|has|now)$/;
/** What the forge’s own interface tells of a pull request, an issue or a comment that a stranger wrote. */
const TOLD =
  /^(?:title|body|label|message|name|ref|login|email|description|head_branch|display_title|page_name|filename)$/;

export const JAVASCRIPT: Vocabulary = {
  meaningOf,
  variableOf,
  isKnown: (path) => ROOTS.test(path),
  moduleOf,
};

function moduleOf(name: string): string {
  const plain = name.replace(/^node:/, '');
  return Object.hasOwn(MODULES, plain) ? (MODULES[plain] ?? plain) : plain;
}

function variableOf(path: string): string | undefined {
  const env = /^process\.env\.(\w+)$/.exec(path)?.[1];
  if (env !== undefined) return `env:${env}`;
  if (path.includes('()')) return told(path);
  const plain = path.replace(/^toolkit\.context/, 'context');
  const payload = /^(?:context\.payload|<event>)(?:\.(.{1,300}))?$/.exec(plain);
  if (payload !== null) return `github:event${payload[1] === undefined ? '' : `.${payload[1]}`}`;
  const own = /^context\.(ref|actor|workflow|sha|eventName)$/.exec(plain)?.[1];
  if (own !== undefined) return `github:${own.toLowerCase()}`;
  return /^(?:context|toolkit)(?:\.|$)/.test(plain) ? 'none:' : undefined;
}

/** `github.rest.pulls.get().data.head.ref`: words of whoever opened it. */
function told(path: string): string | undefined {
  if (!/^(?:github|octokit)\.(?:rest\.)?[\w.]{1,100}\(\)\./.test(path)) return undefined;
  const last = path.slice(path.lastIndexOf('.') + 1);
  const kind = /^\w+\.(?:rest\.)?(pulls|issues|repos|actions)\.(?:get|list)\w{0,60}\(\)\./.exec(path)?.[1];
  if (kind === 'pulls' && path.endsWith('.head.sha')) return 'api:pulls.sha';
  if (kind === undefined || !TOLD.test(last)) return 'none:';
  // Of a repository or a run only what a stranger's head is called.
  if (
    (last === 'name' || last === 'login' || kind === 'repos' || kind === 'actions') &&
    !/head_branch|message$|display_title/.test(last)
  )
    return 'none:';
  return /\.base\./.test(path) ? 'none:' : `api:${kind}.${last}`;
}

const SETS: Readonly<Record<string, RunnerFile>> = {
  'core.setOutput': 'GITHUB_OUTPUT',
  'core.exportVariable': 'GITHUB_ENV',
  'core.addPath': 'GITHUB_PATH',
};

function meaningOf({ path, words, lists, named, receiver, text, patternOf }: Call): Meaning {
  const [first, second, third] = words;
  if (Object.hasOwn(SETS, path) && first !== undefined) {
    const file = SETS[path] ?? 'GITHUB_OUTPUT';
    const value = file === 'GITHUB_PATH' ? first : second;
    return value === undefined
      ? {}
      : { sets: { file, name: file === 'GITHUB_PATH' ? undefined : first, value }, words: [] };
  }
  if (/^core\.get(?:Boolean|Multiline)?Input$/.test(path) && first !== undefined)
    return { gives: [`env:INPUT_${first.value.replaceAll(' ', '_').toUpperCase()}`] };
  if (/^(?:eval|globalThis\.eval|window\.eval|vm\.(?:runIn\w+|compileFunction|Script))$/.test(path))
    return { code: some(first) };
  if (path === 'Function' || path === 'AsyncFunction') return { code: words.slice(-1) };
  if (/^(?:setTimeout|setInterval)$/.test(path) && text.includes('`')) return { code: some(first) };
  if (/^child_process\.(?:exec|execSync)$|^util\.promisify\(\)$/.test(path))
    return { code: some(first), starts: startedBy(first) };
  if (
    /^child_process\.(?:spawn|spawnSync|execFile|execFileSync|fork)$|^exec\.(?:exec|getExecOutput)$/.test(
      path,
    )
  )
    return spawn(path, first, lists[1] ?? some(second), named.get('shell'));
  if (/^fs\.(?:promises\.)?(?:append|write)File(?:Sync)?$/.test(path) && first !== undefined)
    return { writesTo: [first], words: some(second) };
  if (path.endsWith('.write') && receiver !== undefined) return { writesTo: [receiver], words: some(first) };
  if (/^fs\.(?:promises\.)?readFile(?:Sync)?$/.test(path)) return { reads: true };
  if (path === 'require' || path === 'import')
    return first === undefined || !isFile(first) ? {} : { starts: [{ name: 'node', words: [first] }] };
  if (
    /\.replace(?:All)?$/.test(path) &&
    first?.text.startsWith('/[^') === true &&
    second?.variables.length === 0 &&
    third === undefined
  )
    return { plain: true };
  const matched = /\.match(?:All)?$/.test(path)
    ? first
    : /(?:^|\.)exec$/.test(path) && path !== 'exec.exec'
      ? receiver
      : undefined;
  if (matched !== undefined && isNarrowMatch(patternOf(matched))) return { plain: true };
  if (/^(?:encodeURIComponent|escape|btoa)$/.test(path)) return { plain: true };
  return PLAIN.test(path) ? { plain: true } : {};
}

/** A file of the workspace, and no module. */
function isFile({ value, text }: ShellWord): boolean {
  return (
    /^(?:\.|\$process\.env\.GITHUB_WORKSPACE|\$GITHUB_WORKSPACE)/.test(value) || /GITHUB_WORKSPACE/.test(text)
  );
}

function spawn(
  path: string,
  first: ShellWord | undefined,
  given: readonly ShellWord[],
  shell: ShellWord | undefined,
): Meaning {
  if (first === undefined) return {};
  if (shell?.value === 'true') return { code: [first, ...given], starts: startedBy(first) };
  // The toolkit takes a whole command line, and splits it by blanks: no shell, unless it is one that is started.
  if (path.startsWith('exec.') && /\s/.test(first.value)) {
    const isShell = /^(?:bash|sh|zsh|pwsh|powershell|cmd|python3?|node)\s+(?:-c|\/c|-e|-command)\s/i.test(
      first.value,
    );
    return isShell ? { starts: startedBy(first), code: [first] } : { starts: startedBy(first, true) };
  }
  return started([first, ...given]);
}

function some(word: ShellWord | undefined): readonly ShellWord[] {
  return word === undefined ? [] : [word];
}
