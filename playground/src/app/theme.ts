import { effect, signal } from '@preact/signals';
import { browserStore, readJson, writeJson } from '../lib/storage';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'thalamus.theme';
const stored = readJson(browserStore('localStorage'), key);

export const theme = signal<Theme>(themes.find((name) => name === stored) ?? 'system');

effect(() => {
  const root = document.documentElement;
  if (theme.value === 'system') root.removeAttribute('data-theme');
  else root.setAttribute('data-theme', theme.value);
  writeJson(browserStore('localStorage'), key, theme.value === 'system' ? undefined : theme.value);
});

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
}
