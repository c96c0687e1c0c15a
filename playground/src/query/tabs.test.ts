import { describe, expect, it } from 'vitest';
import { maxHistory, readHistory, remember, type HistoryEntry } from './history';
import { closeTab, editTab, emptyTab, isSpare, openTab, readTabs, replaceActive, tabLabel, type Tab, type TabState } from './tabs';

const state = (...ids: string[]): TabState => ({ tabs: ids.map(emptyTab), active: ids[0]! });

describe('tabs', () => {
  it('opens a tab and shows it', () => {
    expect(openTab(state('a'), emptyTab('b'))).toEqual({ tabs: [emptyTab('a'), emptyTab('b')], active: 'b' });
  });

  it('drops the oldest of too many', () => {
    let many = state('t0');
    for (let i = 1; i < 30; i++) many = openTab(many, emptyTab(`t${i}`));
    expect(many.tabs).toHaveLength(20);
    expect(many.tabs[0]!.id).toBe('t10');
  });

  it('shows the neighbour of a closed tab, and an empty one after the last', () => {
    expect(closeTab(state('a', 'b', 'c'), 'a', 'x').active).toBe('b');
    expect(closeTab({ ...state('a', 'b'), active: 'b' }, 'b', 'x').active).toBe('a');
    expect(closeTab(state('a', 'b'), 'b', 'x').active).toBe('a');
    expect(closeTab(state('a'), 'a', 'x')).toEqual({ tabs: [emptyTab('x')], active: 'x' });
    expect(closeTab(state('a'), 'nobody', 'x')).toEqual(state('a'));
  });

  it('replaces the active tab only', () => {
    const next = replaceActive({ ...state('a', 'b', 'c'), active: 'b' }, emptyTab('x'));
    expect([next.tabs.map((tab) => tab.id), next.active]).toEqual([['a', 'x', 'c'], 'x']);
  });

  it('gives up an empty tab or an example nobody edited, and nothing else', () => {
    const example: Tab = { id: 'a', query: '{ a }', variables: '', title: 'A', untouched: true };
    expect([isSpare(emptyTab('a')), isSpare(example)]).toEqual([true, true]);
    expect(isSpare(editTab(example, { query: '{ a }' }))).toBe(true);
    expect(isSpare(editTab(example, { query: '{ b }' }))).toBe(false);
    expect(isSpare(editTab(example, { variables: '{}' }))).toBe(false);
    expect(readTabs({ tabs: [example], active: 'a' })?.tabs).toEqual([example]);
  });

  it('is called after its first operation, else after where it came from', () => {
    const tab = { ...emptyTab('a'), title: 'Recent' };
    expect(tabLabel({ ...tab, query: '# query Not\nquery Yes { a }' })).toBe('Yes');
    expect(tabLabel({ ...tab, query: '{ a }' })).toBe('Recent');
    expect(tabLabel(emptyTab('a'))).toBe('Untitled');
  });

  it('reads what an earlier visit stored and refuses what it cannot use', () => {
    const stored = { tabs: [{ id: 'a', query: '{ a }' }, { id: 'a', query: 'twice' }, 7], active: 'gone' };
    expect(readTabs(stored)).toEqual({ tabs: [{ id: 'a', query: '{ a }', variables: '', title: '' }], active: 'a' });
    for (const bad of [undefined, null, [], { tabs: [] }, { tabs: 'x' }]) expect(readTabs(bad)).toBeUndefined();
  });
});

describe('history', () => {
  const entry = (query: string, at: number): HistoryEntry => ({ query, variables: '', label: query, at, ok: true });

  it('keeps the newest first and each query once', () => {
    const history = [entry('a', 1), entry('b', 2), entry('a', 3)].reduce(remember, [] as HistoryEntry[]);
    expect(history.map((each) => [each.query, each.at])).toEqual([['a', 3], ['b', 2]]);
  });

  it('forgets the oldest', () => {
    let history: HistoryEntry[] = [];
    for (let i = 0; i < maxHistory + 5; i++) history = remember(history, entry(`q${i}`, i));
    expect(history).toHaveLength(maxHistory);
    expect(history.at(-1)!.query).toBe('q5');
  });

  it('reads what an earlier visit stored', () => {
    expect(readHistory([{ query: 'a', at: 1, calls: 4 }, { query: 'b' }, null])).toEqual([
      { query: 'a', variables: '', label: 'Untitled', at: 1, ok: false, calls: 4 },
    ]);
    expect(readHistory('x')).toEqual([]);
  });
});
