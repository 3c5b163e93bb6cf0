import { nearest } from '../syntax/nearest.ts';

/**
 * Labels of GitHub's own runners, and when images were taken away. Source: actions/runner-images (its README and
 * announcements) and GitHub's runners reference, read 2026-11-25.
 */
const LABELS = new Set(
  `ubuntu-latest ubuntu-26.04 ubuntu-26.04-arm ubuntu-24.04 ubuntu-24.04-arm ubuntu-22.04 ubuntu-22.04-arm ubuntu-slim
  ubuntu-latest-4-cores ubuntu-latest-8-cores ubuntu-latest-16-cores windows-latest windows-latest-8-cores windows-2025
  windows-2025-vs2026 windows-2022 windows-11-arm windows-11-vs2026-arm macos-latest macos-latest-large macos-latest-xlarge
  macos-26 macos-26-large macos-26-xlarge macos-26-intel macos-15 macos-15-large macos-15-xlarge macos-15-intel macos-14
  macos-14-large macos-14-xlarge`.split(/\s+/),
);
/** Of machines of one's own. */
export const OWN_LABELS = new Set(['self-hosted', 'linux', 'windows', 'macos', 'x64', 'x86', 'arm', 'arm64']);
const REMOVED: Readonly<Record<string, string>> = {
  'ubuntu-16.04': '2021-09-20',
  'ubuntu-18.04': '2023-04-03',
  'ubuntu-20.04': '2025-04-15',
  'windows-2016': '2022-04-01',
  'windows-2019': '2025-06-30',
  'macos-10.13': '2019-12-01',
  'macos-10.14': '2019-12-01',
  'macos-10.15': '2022-12-01',
  'macos-11': '2024-06-28',
  'macos-11.0': '2024-06-28',
  'macos-12': '2024-12-03',
  'macos-13': '2025-12-04',
};

/** `removed`: the day on which it was; `unknown`: looks like one of GitHub's and is none. */
export type LabelState =
  | { readonly kind: 'known' | 'own' | 'custom' | 'unknown' }
  | { readonly kind: 'removed'; readonly since: string };

export function labelState(label: string): LabelState {
  const name = label.toLowerCase();
  if (LABELS.has(name)) return { kind: 'known' };
  if (OWN_LABELS.has(name)) return { kind: 'own' };
  const base = name.replace(/-(?:large|xlarge|xl|intel|arm64?)$/, '');
  const since = Object.hasOwn(REMOVED, base) ? REMOVED[base] : undefined;
  if (since !== undefined) return { kind: 'removed', since };
  return { kind: isMistaken(name) ? 'unknown' : 'custom' };
}

/** A version of an image that there never was, or a word that is nearly one of the usual labels. */
function isMistaken(name: string): boolean {
  if (/^(?:ubuntu|windows|macos)-(?:latest|\d[\d.]*)$/.test(name)) return true;
  if (/^(?:linux|mac|osx|win|debian)-latest$/.test(name)) return true;
  return /^[a-z]{4,10}[-_ ][a-z]{4,8}$/.test(name) && nearest(name, USUAL, 2) !== undefined;
}

const USUAL = ['ubuntu-latest', 'windows-latest', 'macos-latest'];

export type System = 'Linux' | 'Windows' | 'macOS';

/** The operating system that a label stands for, when it says one. */
export function systemOf(label: string): System | undefined {
  const name = label.toLowerCase();
  if (/^ubuntu(?:-|$)|^linux$/.test(name)) return 'Linux';
  if (/^windows(?:-|$)/.test(name)) return 'Windows';
  return /^macos(?:-|$)/.test(name) ? 'macOS' : undefined;
}
