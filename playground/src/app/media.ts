import { signal, type ReadonlySignal } from '@preact/signals';

function media(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener('change', () => (matches.value = list.matches));
  return matches;
}

/** Too narrow for a column beside the editors, so the library covers them. */
export const covering = media('(max-width: 1099px)');

/** Too narrow for editor and result side by side. */
export const narrow = media('(max-width: 900px)');
