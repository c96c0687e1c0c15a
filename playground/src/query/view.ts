import { effect, signal } from '@preact/signals';
import { covering } from '../app/media';
import { browserStore, isRecord, readJson, writeJson } from '../lib/storage';

/* What is open in the query panel. */

export type LibraryPage = 'examples' | 'history';
export type DrawerPage = 'variables' | 'headers';

const key = 'thalamus.view';
const stored = readJson(browserStore('localStorage'), key);
const saved = isRecord(stored) ? stored : {};
const wide = globalThis.innerWidth >= 1200;

export const library = signal<LibraryPage | undefined>(
  saved.library === 'history' ? 'history' : (saved.library === 'examples' || (saved.library === undefined && wide)) ? 'examples' : undefined,
);
export const drawer = signal<DrawerPage>('variables');

effect(() => {
  const open = library.value ?? 'closed';
  if (!covering.peek()) writeJson(browserStore('localStorage'), key, { library: open });
});

effect(() => {
  if (covering.value) library.value = undefined;
});

/** On narrow screens the library covers the editors, so a choice closes it. */
export function closeIfCovering(): void {
  if (covering.peek()) library.value = undefined;
}

export function toggleLibrary(page: LibraryPage): void {
  library.value = library.value === page ? undefined : page;
}
