import { computed, effect, signal } from '@preact/signals';
import { browserStore, readJson, writeJson } from '../lib/storage';
import { readExamples, type Example } from './examples';
import { buildHeaders, readHeaderSettings, type HeaderSettings } from './headers';
import { readHistory, type HistoryEntry } from './history';
import { closeTab, editTab, emptyTab, isSpare, keptTab, openTab, readTabs, replaceActive, type Tab, type TabState } from './tabs';

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

export function edit(change: Partial<Pick<Tab, 'query' | 'variables'>>): void {
  const edited = editTab(activeTab.value, change);
  if (edited !== activeTab.value) tabState.value = replaceActive(tabState.value, edited);
}

/** Leaves the active tab where it is when another query is opened. */
export function keepTab(): void {
  tabState.value = replaceActive(tabState.value, keptTab(activeTab.value));
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

/** Opens a query in the tab that shows it already, else in the active tab when nothing would be lost, else in a new one. Never runs it. */
export function openQuery(query: string, variables: string, title: string): void {
  const same = tabState.value.tabs.find((tab) => tab.query === query && tab.variables === variables);
  if (same) return selectTab(same.id);
  const tab: Tab = { id: newId(), query, variables, title, untouched: true };
  tabState.value = isSpare(activeTab.value) ? replaceActive(tabState.value, tab) : openTab(tabState.value, tab);
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
  if (first && firstVisit && tabState.value.tabs.length === 1 && isSpare(activeTab.value)) {
    openQuery(first.query, first.variables, first.title);
  }
}
