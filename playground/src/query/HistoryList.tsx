import { formatAgo, plural } from '../lib/format';
import { history, openQuery } from './session';
import { closeIfCovering } from './view';

export function HistoryList() {
  if (history.value.length === 0) {
    return <p class="library-empty">Queries you run are kept here, in this browser only. Headers never are.</p>;
  }
  const now = Date.now();
  return (
    <div class="library-list">
      <ul>
        {history.value.map((entry) => (
          <li key={`${entry.at} ${entry.label}`}>
            <button
              type="button"
              class="card"
              onClick={() => {
                openQuery(entry.query, entry.variables, entry.label);
                closeIfCovering();
              }}
            >
              <strong>{entry.label}</strong>
              <span>
                <span class={entry.ok ? 'good' : 'bad'}>{entry.ok ? 'answered' : 'with errors'}</span>
                {entry.calls !== undefined && ` · ${plural(entry.calls, 'call')}`} · {formatAgo(entry.at, now)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <button class="button quiet small" type="button" onClick={() => (history.value = [])}>
        Clear history
      </button>
    </div>
  );
}
