import { describe, expect, test } from 'vitest';
import { loadingVariable } from './starting-environment.ts';

describe('the environment that a program was started with', () => {
  test.each([
    'LD_PRELOAD=/work/x.so',
    'LD_AUDIT=x',
    'LD_LIBRARY_PATH=.',
    'LD_ANYTHING_TO_COME=1',
    'NODE_OPTIONS=--require=/work/x.js',
    'PYTHONPATH=/work',
    'BASH_ENV=/work/x.sh',
    'BASH_FUNC_echo%%=() { id; }',
    'PS4=$(id)',
    'SHELLOPTS=xtrace',
    'ZDOTDIR=/work',
    'PYTHONPYCACHEPREFIX=/work/cache',
    'NODE_COMPILE_CACHE=/work/cache',
    'OPENSSL_CONF_INCLUDE=/work',
    'JAVA_TOOL_OPTIONS=-javaagent:/work/x.jar',
  ])('loads other code by %s', (variable) => {
    expect(loadingVariable(`PATH=/usr/bin\0${variable}\0HOME=/\0`)).toBe(variable.split('=')[0]);
  });

  test('loads none by variables that are empty, of other programs, or only look like one', () => {
    expect(loadingVariable('LD_PRELOAD=\0GIT_SSH_COMMAND=x\0X=LD_PRELOAD=y\0=LD_AUDIT\0\0')).toBeUndefined();
  });

  test('may have what the control side gave, and nothing else by that name', () => {
    const given = { JAVA_TOOL_OPTIONS: '-Dx=y' };
    expect(loadingVariable('JAVA_TOOL_OPTIONS=-Dx=y\0', given)).toBeUndefined();
    expect(loadingVariable('JAVA_TOOL_OPTIONS=-Dx=y -javaagent:z\0', given)).toBe('JAVA_TOOL_OPTIONS');
    // Of two of one name the program may take either.
    expect(loadingVariable('JAVA_TOOL_OPTIONS=-Dx=y\0JAVA_TOOL_OPTIONS=z\0', given)).toBe(
      'JAVA_TOOL_OPTIONS',
    );
  });
});
