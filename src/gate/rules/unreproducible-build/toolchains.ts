import type { Text } from '../../../workflow/index.ts';
import type { StepPart } from '../../repository/model.ts';

/** A compiler or runtime that is another one next month. */
export interface Floating {
  readonly text?: Text;
  readonly what: string;
}

interface Tool {
  readonly input: string;
  /** Inputs by which a file of the repository names the version. */
  readonly files: readonly string[];
  /** A version that is narrow enough. */
  readonly narrow: RegExp;
}

const EXACT = /^v?\d+\.\d+/;
/** Actions that install what builds. Source: each action's own documentation, 2026-11. */
const TOOLS: Readonly<Record<string, Tool>> = {
  'actions/setup-node': { input: 'node-version', files: ['node-version-file'], narrow: EXACT },
  'actions/setup-go': { input: 'go-version', files: ['go-version-file'], narrow: EXACT },
  'actions/setup-python': { input: 'python-version', files: ['python-version-file'], narrow: EXACT },
  'actions/setup-java': { input: 'java-version', files: ['java-version-file'], narrow: /^\d/ },
  'actions/setup-dotnet': { input: 'dotnet-version', files: ['global-json-file'], narrow: /^\d+\.\d+\.\d/ },
  'ruby/setup-ruby': {
    input: 'ruby-version',
    files: [],
    narrow: /^(?:\w+-)?\d+\.\d+|^default$|^\.?(?:ruby|tool)/,
  },
  'erlef/setup-beam': { input: 'otp-version', files: ['version-file'], narrow: /^\d|^false$/ },
  'oven-sh/setup-bun': { input: 'bun-version', files: ['bun-version-file'], narrow: EXACT },
  'denoland/setup-deno': { input: 'deno-version', files: ['deno-version-file'], narrow: EXACT },
  'pnpm/action-setup': { input: 'version', files: ['package_json_file'], narrow: /^\d/ },
  'astral-sh/setup-uv': { input: 'version', files: ['version-file'], narrow: EXACT },
  'goreleaser/goreleaser-action': { input: 'version', files: [], narrow: EXACT },
  'actions-rs/toolchain': { input: 'toolchain', files: [], narrow: /^(?:nightly-|beta-)?\d/ },
  'actions-rust-lang/setup-rust-toolchain': {
    input: 'toolchain',
    files: [],
    narrow: /^(?:nightly-|beta-)?\d/,
  },
  'mlugg/setup-zig': { input: 'version', files: [], narrow: EXACT },
  'swift-actions/setup-swift': { input: 'swift-version', files: [], narrow: EXACT },
  'haskell-actions/setup': { input: 'ghc-version', files: [], narrow: EXACT },
  'subosito/flutter-action': { input: 'flutter-version', files: ['flutter-version-file'], narrow: EXACT },
  'dart-lang/setup-dart': { input: 'sdk', files: [], narrow: EXACT },
};
/** Without a version these go by a file of the repository, where there is one. */
const BY_FILE = new Set([
  'actions/setup-dotnet',
  'ruby/setup-ruby',
  'pnpm/action-setup',
  'actions-rust-lang/setup-rust-toolchain',
  'actions-rs/toolchain',
  'actions/setup-python',
  'astral-sh/setup-uv',
]);

export function floatingTool(step: StepPart): Floating | undefined {
  const { uses, with: given } = step;
  if (uses?.kind !== 'repository') return undefined;
  const inputOf = (wanted: string): Text | undefined =>
    given.find(({ name }) => name.toLowerCase() === wanted)?.value;
  if (uses.repository === 'dtolnay/rust-toolchain') {
    const named = inputOf('toolchain');
    const version = named?.text ?? uses.ref;
    if (!/^(?:stable|beta|nightly|master)$/.test(version)) return undefined;
    return { ...(named !== undefined && { text: named }), what: `Rust ${version}` };
  }
  const tool = Object.hasOwn(TOOLS, uses.repository) ? TOOLS[uses.repository] : undefined;
  if (tool === undefined || tool.files.some((file) => inputOf(file) !== undefined)) return undefined;
  const version = inputOf(tool.input);
  const text = version?.text.trim() ?? '';
  if (text === '')
    return BY_FILE.has(uses.repository) ? undefined : { what: `${uses.repository} without ${tool.input}` };
  // What a matrix or a variable says is not looked up.
  if (text.includes('${{')) return undefined;
  const floats = text
    .split(/\s*\n\s*/)
    .some(
      (one) =>
        one !== '' && (!tool.narrow.test(one) || /[x*^~<>=]|\|\|/.test(one.replace(/\.x$/, wide(one)))),
    );
  return floats
    ? { ...(version !== undefined && { text: version }), what: `${tool.input} ${text}` }
    : undefined;
}

/** `3.12.x` is as narrow as `3.12`. */
function wide(version: string): string {
  return /^\d+\.\d+\.x$/.test(version) ? '' : '.x';
}
