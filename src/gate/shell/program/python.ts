import type { ShellWord } from '../script.ts';
import { isNarrowMatch } from './narrow.ts';
import { type Call, type Meaning, started, startedBy, type Vocabulary } from './call.ts';

const ROOTS =
  /^(?:<event>|os|sys|subprocess|pathlib|json|re|shlex|io|builtins|commands|asyncio|importlib|base64|shutil)(?:\.|$)/;
/** Functions and methods whose value holds nothing of the text that they are given. */
const PLAIN =
  /(?:^|\.)(?:int|float|bool|len|hash|id|ord|isinstance|hasattr|startswith|endswith|isdigit|isalnum|isidentifier|count|index|find|exists|isfile|isdir|hexdigest|sha256|md5|uuid4|time)$/;
const SPAWNS =
  /^(?:subprocess\.(?:run|call|check_call|check_output|Popen)|asyncio\.create_subprocess_exec|os\.(?:exec|spawn)[lv]p?e?)$/;
const SHELLS =
  /^(?:os\.(?:system|popen)|subprocess\.(?:getoutput|getstatusoutput)|commands\.get\w+|asyncio\.create_subprocess_shell)$/;

export const PYTHON: Vocabulary = {
  meaningOf,
  variableOf,
  isKnown: (path) => ROOTS.test(path),
  moduleOf: (name) => name,
};

function variableOf(path: string): string | undefined {
  if (path.startsWith('<event>.') && !path.includes('()'))
    return `github:event.${path.slice('<event>.'.length)}`;
  const name = /^os\.environb?\.(\w+)$/.exec(path)?.[1];
  return name === undefined || name === 'get' ? undefined : `env:${name}`;
}

function meaningOf(call: Call): Meaning {
  const { path, words, named, receiver } = call;
  const [first, second] = words;
  if (/^os\.(?:getenv|environ\.(?:get|pop|setdefault))$/.test(path) && first !== undefined)
    return { gives: [...(second?.variables ?? []), `env:${first.value}`] };
  if (/^(?:builtins\.)?(?:eval|exec|compile)$/.test(path)) return { code: some(first) };
  if (SHELLS.test(path)) return { code: some(first), starts: startedBy(first) };
  if (SPAWNS.test(path)) {
    const list = path.startsWith('subprocess')
      ? call.lists[0]
      : (call.lists[1] ?? words.slice(path.includes('.exec') || path.includes('spawn') ? 1 : 0));
    if (/^(?:True|1)$/.test(named.get('shell')?.value ?? '')) {
      const line = list?.[0] ?? first;
      return { code: some(line), starts: startedBy(line) };
    }
    return list === undefined ? startedByName(first) : started(list);
  }
  if (/\.(?:write|writelines|write_text|write_bytes)$/.test(path) && receiver !== undefined)
    return { writesTo: [receiver] };
  if (path === 'print') {
    const file = named.get('file');
    return { words, ...(file !== undefined && { writesTo: [file] }) };
  }
  if (/^(?:io\.)?open$/.test(path))
    return { reads: !/[wax]/.test((named.get('mode') ?? second)?.value ?? '') };
  if (/\.read(?:_text|lines?|_bytes)?$/.test(path) && /(?:^|\.)(?:Path|open)\(\)\.read/.test(path))
    return { reads: true };
  if (path === 're.sub' && first?.value.startsWith('[^') === true && (second?.variables.length ?? 0) === 0)
    return { plain: true };
  if (/^re\.(?:match|search|fullmatch|findall|finditer)$/.test(path) && isNarrowMatch(first?.value ?? ''))
    return { plain: true };
  return PLAIN.test(path) ? { plain: true } : {};
}

/** `subprocess.run(program)`: a name, or a variable that may be a list. */
function startedByName(first: ShellWord | undefined): Meaning {
  return first === undefined || first.value === '' || first.value.startsWith('$') ? {} : started([first]);
}

function some(word: ShellWord | undefined): readonly ShellWord[] {
  return word === undefined ? [] : [word];
}
