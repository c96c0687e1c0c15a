import { useEffect, useRef } from 'preact/hooks';
import { narrow } from '../app/media';
import { Split } from '../app/Split';
import { TracePane } from '../trace/TracePane';
import { Drawer } from './Drawer';
import { Library } from './Library';
import { QueryPane } from './QueryPane';
import { ResultPane } from './ResultPane';
import { SchemaStatus } from './SchemaStatus';
import { TabBar } from './TabBar';
import { run } from './run';
import { library } from './view';

export function QueryPanel() {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    /* On the document, because a fresh page has its focus on nothing. An editor that ran the query has prevented the default. */
    const onKeyDown = (event: KeyboardEvent) => {
      const asked = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
      if (!asked || event.defaultPrevented || panel.current?.closest('[hidden]')) return;
      event.preventDefault();
      if (!event.repeat) void run();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <div class="query-panel" ref={panel}>
      <h1 class="sr-only">Thalamus playground</h1>
      <header class="query-head">
        <TabBar />
        <SchemaStatus />
      </header>
      <div class={`query-body ${library.value ? 'with-library' : ''}`}>
        {library.value && <Library page={library.value} />}
        <Split id="work" label="Resize editor and result" direction={narrow.value ? 'stack' : 'side'} initial={narrow.value ? 46 : 47}>
          <Split id="write" label="Resize query and variables" direction="stack" initial={70}>
            <QueryPane />
            <Drawer />
          </Split>
          <Split id="read" label="Resize result and trace" direction="stack" initial={narrow.value ? 48 : 56}>
            <ResultPane />
            <TracePane />
          </Split>
        </Split>
      </div>
    </div>
  );
}
