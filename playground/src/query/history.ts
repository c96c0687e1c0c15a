import { isRecord } from '../lib/storage';

export interface HistoryEntry {
  query: string;
  variables: string;
  label: string;
  at: number;
  ok: boolean;
  /** Backend calls, when the response carried a trace. */
  calls?: number;
}

export const maxHistory = 60;

/** Newest first. The same query with the same variables is kept once, at its latest run. */
export function remember(history: HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  const others = history.filter((old) => old.query !== entry.query || old.variables !== entry.variables);
  return [entry, ...others].slice(0, maxHistory);
}

export function readHistory(stored: unknown): HistoryEntry[] {
  if (!Array.isArray(stored)) return [];
  const entries: HistoryEntry[] = [];
  for (const item of stored) {
    if (!isRecord(item) || typeof item.query !== 'string' || typeof item.at !== 'number') continue;
    entries.push({
      query: item.query,
      variables: typeof item.variables === 'string' ? item.variables : '',
      label: typeof item.label === 'string' ? item.label : 'Untitled',
      at: item.at,
      ok: item.ok === true,
      ...(typeof item.calls === 'number' ? { calls: item.calls } : {}),
    });
  }
  return entries.slice(0, maxHistory);
}
