import type { ComponentChildren } from 'preact';
import { go, writeHash } from '../app/route';
import { writePlace } from './place';
import type { Place } from './search';

interface PlaceLinkProps {
  place: Place;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
}

/** A link to a type or to a member of one. */
export function PlaceLink({ place, class: className, current, children }: PlaceLinkProps) {
  const rest = writePlace(place);
  return (
    <a
      class={className}
      href={writeHash({ panel: 'docs', rest })}
      aria-current={current ? 'true' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go('docs', rest);
      }}
    >
      {children}
    </a>
  );
}
