import { computed, effect, signal } from '@preact/signals';
import { browserStore, readJson, writeJson } from '../lib/storage';
import { readExamples, type Example } from './examples';
import { buildHeaders, readHeaderSettings, type HeaderSettings } from './headers';
import { readHistory, type HistoryEntry } from './history';
import { closeTab, emptyTab, isBlank, openTab, readTabs, updateTab, type Tab, type TabState } from './tabs';

/* What the query panel remembers. Tabs and history outlive the visit; headers end with the browser tab. */

const local = browserStore('localStorage');
const session = browserStore('sessionStorage');
const keys = { tabs: 'thalamus.tabs', history: 'thalamus.history', trace: 'thalamus.trace', headers: 'thalamus.headers' };

const storedTabs = readTabs(readJson(local, keys.tabs));
export const firstVisit = storedTabs === undefined;

const blank = emptyTab(newId());
export const tabState = signal<TabState>(storedTabs ?? { tabs: [blank], active: blank.id });
export const activeTab = computed(
  () => tabState.value.tabs.find((tab) => tab.id === tabState.value.active) ?? tabState.value.tabs[0]!,
);
export const history = signal<HistoryEntry[]>(readHistory(readJson(local, keys.history)));
export const traceOn = signal(readJson(local, keys.trace) !== false);
export const headerSettings = signal<HeaderSettings>(readHeaderSettings(readJson(session, keys.headers)));
export const examples = signal<Example[]>([]);
/** Where the cursor is in the query of the active tab. */
export const cursor = signal(0);

effect(() => void writeJson(local, keys.history, history.value));
effect(() => void writeJson(local, keys.trace, traceOn.value));
effect(() => void writeJson(session, keys.headers, headerSettings.value));

let pending: ReturnType<typeof setTimeout> | undefined;
const saveTabs = () => void writeJson(local, keys.tabs, tabState.peek());
effect(() => {
  void tabState.value;
  clearTimeout(pending);
  pending = setTimeout(saveTabs, 300);
});
globalThis.addEventListener?.('pagehide', saveTabs);

export function newId(): string {
  return Math.random().toString(36).slice(2, 10);
}

export function edit(change: Partial<Omit<Tab, 'id'>>): void {
  tabState.value = updateTab(tabState.value, activeTab.value.id, change);
}

export function selectTab(id: string): void {
  tabState.value = { ...tabState.value, active: id };
}

export function addTab(): void {
  tabState.value = openTab(tabState.value, emptyTab(newId()));
}

export function removeTab(id: string): void {
  tabState.value = closeTab(tabState.value, id, newId());
}

/** Opens a query in the active tab when that is blank or already shows it, else in a tab of its own. Never runs it. */
export function openQuery(query: string, variables: string, title: string): void {
  const same = tabState.value.tabs.find((tab) => tab.query === query && tab.variables === variables);
  if (same) return selectTab(same.id);
  if (isBlank(activeTab.value)) return edit({ query, variables, title });
  tabState.value = openTab(tabState.value, { id: newId(), query, variables, title });
}

/** The headers to send; throws when the free-form part is not usable. */
export function requestHeaders(): Record<string, string> {
  return buildHeaders(headerSettings.value);
}

export async function loadExamples(): Promise<void> {
  try {
    const response = await fetch('examples.json');
    if (!response.ok) return;
    examples.value = readExamples(await response.json());
  } catch {
    return;
  }
  const first = examples.value[0];
  if (first && firstVisit && tabState.value.tabs.length === 1 && isBlank(activeTab.value)) {
    openQuery(first.query, first.variables, first.title);
  }
}
