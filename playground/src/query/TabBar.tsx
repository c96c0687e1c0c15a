import { useRef } from 'preact/hooks';
import { Icon } from '../app/Icon';
import { addTab, removeTab, selectTab, tabState } from './session';
import { tabLabel } from './tabs';

export function TabBar() {
  const { tabs, active } = tabState.value;
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (event.key === 'Delete') return removeTab(tabs[index]!.id);
    const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: tabs.length - 1 }[event.key];
    const tab = next === undefined ? undefined : tabs[(next + tabs.length) % tabs.length];
    if (!tab) return;
    event.preventDefault();
    selectTab(tab.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${tab.id}"]`)?.focus();
  };

  return (
    <div class="tabs">
      <div class="tab-list" ref={list} role="tablist" aria-label="Queries">
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            class="tab"
            role="tab"
            data-tab={tab.id}
            aria-selected={tab.id === active}
            aria-controls="query-pane"
            tabIndex={tab.id === active ? 0 : -1}
            onClick={() => selectTab(tab.id)}
            onAuxClick={(event) => event.button === 1 && removeTab(tab.id)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            {tabLabel(tab)}
          </button>
        ))}
      </div>
      <button class="icon-button" type="button" onClick={() => removeTab(active)} title="Close this query" aria-label="Close this query">
        <Icon name="close" />
      </button>
      <button class="icon-button" id="new-tab" type="button" onClick={addTab} title="New query" aria-label="New query">
        <Icon name="plus" />
      </button>
    </div>
  );
}
