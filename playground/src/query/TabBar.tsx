import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../app/Icon';
import { addTab, removeTab, selectTab, tabState } from './session';
import { tabLabel } from './tabs';

export function TabBar() {
  const { tabs, active } = tabState.value;
  const list = useRef<HTMLDivElement>(null);

  const refocus = useRef(false);
  const shown = tabs.find((tab) => tab.id === active);
  const shownLabel = shown && tabLabel(shown);

  useLayoutEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>(`[data-tab="${active}"]`);
    tab?.parentElement?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    if (refocus.current) tab?.focus();
    refocus.current = false;
  }, [active, tabs.length, shownLabel]);

  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (event.key === 'Delete') {
      refocus.current = true;
      return removeTab(tabs[index]!.id);
    }
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
          <div class={`tab ${tab.id === active ? 'active' : ''}`} key={tab.id} role="presentation">
            <button
              type="button"
              role="tab"
              data-tab={tab.id}
              aria-selected={tab.id === active}
              aria-controls="query-pane"
              aria-keyshortcuts="Delete"
              tabIndex={tab.id === active ? 0 : -1}
              title={tab.title || undefined}
              onClick={() => selectTab(tab.id)}
              onAuxClick={(event) => event.button === 1 && removeTab(tab.id)}
              onKeyDown={(event) => onKeyDown(event, index)}
            >
              {tabLabel(tab)}
            </button>
            {/* For the pointer. On the keyboard, Delete closes a tab. */}
            <button type="button" class="tab-close" tabIndex={-1} aria-hidden="true" title={`Close ${tabLabel(tab)} (Delete)`} onClick={() => removeTab(tab.id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
      <button class="icon-button" id="new-tab" type="button" onClick={addTab} title="New query" aria-label="New query">
        <Icon name="plus" />
      </button>
    </div>
  );
}
