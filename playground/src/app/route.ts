import { signal } from '@preact/signals';

/** The address after the hash: a panel's id and what it shows, as in #/docs/Episode.content. */
export interface Route {
  panel: string;
  rest: string;
}

export function readHash(hash: string): Route {
  const [panel = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  return { panel, rest: decode(rest.join('/')) };
}

export function writeHash(route: Route): string {
  return route.rest ? `#/${route.panel}/${encodeURIComponent(route.rest)}` : `#/${route.panel}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal<Route>(readHash(globalThis.location?.hash ?? ''));
/** How many steps the app itself has put on the browser's back stack. */
export const depth = signal(0);

export function go(panel: string, rest = ''): void {
  const next = { panel, rest };
  if (writeHash(next) === writeHash(route.peek())) return;
  globalThis.history.pushState({ depth: depth.peek() + 1 }, '', writeHash(next));
  readLocation();
}

function readLocation(): void {
  const state: unknown = globalThis.history.state;
  const steps = typeof state === 'object' && state !== null && 'depth' in state ? Number(state.depth) : 0;
  route.value = readHash(globalThis.location.hash);
  depth.value = Number.isFinite(steps) ? steps : 0;
}

globalThis.addEventListener?.('popstate', readLocation);
