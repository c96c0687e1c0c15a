import { Icon } from '../app/Icon';
import { ExampleList } from './ExampleList';
import { HistoryList } from './HistoryList';
import { library, type LibraryPage } from './view';

/** The column beside the editors: what can be asked, and what was asked. */
export function Library({ page }: { page: LibraryPage }) {
  const close = () => (library.value = undefined);
  return (
    <aside class="library" aria-label={page === 'examples' ? 'Examples' : 'History'} onKeyDown={(event) => event.key === 'Escape' && close()}>
      <header>
        <h2>{page === 'examples' ? 'Examples' : 'History'}</h2>
        <button class="icon-button" type="button" onClick={close} title="Close" aria-label={`Close ${page}`}>
          <Icon name="close" />
        </button>
      </header>
      {page === 'examples' ? <ExampleList /> : <HistoryList />}
    </aside>
  );
}
