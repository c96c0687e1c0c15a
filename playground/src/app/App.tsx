import { useRef } from 'preact/hooks';
import { PanelHost } from './PanelHost';
import { panelFor, panels } from './panels';
import { Rail } from './Rail';
import { route } from './route';

/** The rail and the panels. A panel once opened stays alive, so nothing typed is lost. */
export function App() {
  const current = panelFor(route.value.panel).id;
  const opened = useRef(new Set<string>());
  opened.current.add(current);
  return (
    <div class="shell">
      <Rail />
      <main class="stage">
        {panels
          .filter((panel) => opened.current.has(panel.id))
          .map((panel) => (
            <section class="panel" key={panel.id} hidden={panel.id !== current} aria-label={panel.label}>
              <PanelHost panel={panel} />
            </section>
          ))}
      </main>
    </div>
  );
}
