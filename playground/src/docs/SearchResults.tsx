import { PlaceLink } from './PlaceLink';
import { writePlace } from './place';
import type { Entry, Place } from './search';

export function SearchResults({ found, place }: { found: Entry[]; place: Place }) {
  return (
    <nav class="docs-list" aria-label="Search results">
      <p class="sr-only" role="status">
        {found.length === 0 ? 'Nothing found' : `${found.length} found`}
      </p>
      {found.length === 0 && <p class="docs-none">Nothing has that name or description.</p>}
      <ul id="docs-found">
        {found.map((entry) => (
          <li key={writePlace(entry)}>
            <PlaceLink place={entry} current={writePlace(entry) === writePlace(place)}>
              {entry.member ? (
                <>
                  <span class="dim">{entry.type}.</span>
                  {entry.member}
                </>
              ) : (
                entry.type
              )}
              {entry.description && <small>{entry.description.split('\n')[0]}</small>}
            </PlaceLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
