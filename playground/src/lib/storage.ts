/** Reading and writing JSON in a browser store that may be missing, full or hold something old. */
export interface TextStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export function readJson(store: TextStore | undefined, key: string): unknown {
  try {
    const text = store?.getItem(key);
    return text == null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns false when the value could not be kept. */
export function writeJson(store: TextStore | undefined, key: string, value: unknown): boolean {
  try {
    if (!store) return false;
    if (value === undefined) store.removeItem(key);
    else store.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The browser's store, or undefined where access to it is forbidden. */
export function browserStore(kind: 'localStorage' | 'sessionStorage'): TextStore | undefined {
  try {
    return globalThis[kind];
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
