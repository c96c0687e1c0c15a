import { isRecord } from '../lib/storage';

export interface Tab {
  id: string;
  query: string;
  /** JSON text, as typed. */
  variables: string;
  /** Where the tab came from, shown when the query has no name of its own. */
  title: string;
  /** Opened from an example or the history and not edited since: the next one may take its place. */
  untouched?: true;
}

export interface TabState {
  tabs: Tab[];
  active: string;
}

const maxTabs = 20;

export function openTab(state: TabState, tab: Tab): TabState {
  const kept = state.tabs.length < maxTabs ? state.tabs : state.tabs.slice(1);
  return { tabs: [...kept, tab], active: tab.id };
}

/** Closing the last tab leaves an empty one with the id given. */
export function closeTab(state: TabState, id: string, freshId: string): TabState {
  const index = state.tabs.findIndex((tab) => tab.id === id);
  if (index < 0) return state;
  const tabs = state.tabs.filter((tab) => tab.id !== id);
  if (tabs.length === 0) return { tabs: [emptyTab(freshId)], active: freshId };
  const active = state.active === id ? tabs[Math.min(index, tabs.length - 1)]!.id : state.active;
  return { tabs, active };
}

/** Puts a tab where the active one was. */
export function replaceActive(state: TabState, tab: Tab): TabState {
  return { tabs: state.tabs.map((old) => (old.id === state.active ? tab : old)), active: tab.id };
}

/** What the reader changed; setting a tab to what it already holds changes nothing. */
export function editTab(tab: Tab, change: Partial<Pick<Tab, 'query' | 'variables'>>): Tab {
  const { untouched: _, ...edited } = { ...tab, ...change };
  return edited.query === tab.query && edited.variables === tab.variables ? tab : edited;
}

/** The tab, whose place no other query takes. */
export function keptTab(tab: Tab): Tab {
  const { untouched: _, ...kept } = tab;
  return kept;
}

export function emptyTab(id: string): Tab {
  return { id, query: '', variables: '', title: '' };
}

/** Nothing would be lost with this tab. */
export function isSpare(tab: Tab): boolean {
  return tab.untouched === true || (tab.query.trim() === '' && tab.variables.trim() === '');
}

/** The name of the first operation, else the title it was opened with. */
export function tabLabel(tab: Tab): string {
  const named = /(?:^|\n)\s*(?:query|mutation|subscription)\s+([A-Za-z_]\w*)/.exec(tab.query);
  return named?.[1] ?? (tab.title || 'Untitled');
}

/** Tabs as stored by an earlier visit; undefined when there is nothing usable. */
export function readTabs(stored: unknown): TabState | undefined {
  if (!isRecord(stored) || !Array.isArray(stored.tabs)) return undefined;
  const seen = new Set<string>();
  const tabs: Tab[] = [];
  for (const item of stored.tabs.slice(0, maxTabs)) {
    if (!isRecord(item) || typeof item.id !== 'string' || typeof item.query !== 'string' || seen.has(item.id)) continue;
    seen.add(item.id);
    tabs.push({
      id: item.id,
      query: item.query,
      variables: typeof item.variables === 'string' ? item.variables : '',
      title: typeof item.title === 'string' ? item.title : '',
      ...(item.untouched === true ? { untouched: true } : {}),
    });
  }
  if (tabs.length === 0) return undefined;
  const active = tabs.some((tab) => tab.id === stored.active) ? (stored.active as string) : tabs[0]!.id;
  return { tabs, active };
}
