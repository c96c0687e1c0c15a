import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Panel } from './panels';

/** Shows a panel, fetching it first when it has to be. */
export function PanelHost({ panel }: { panel: Panel }) {
  const [Component, setComponent] = useState<ComponentType | undefined>(() => panel.component);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (!Component) panel.load?.().then((loaded) => setComponent(() => loaded), (error: Error) => setProblem(error.message));
  }, []);
  if (Component) return <Component />;
  return (
    <div class="empty" role="status">
      {problem ? <p>This panel could not be loaded: {problem}. Reload the page to try again.</p> : <p>Loading…</p>}
    </div>
  );
}
