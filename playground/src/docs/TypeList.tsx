import type { GraphQLSchema } from 'graphql';
import { useMemo } from 'preact/hooks';
import { groupTypes } from './groups';
import { PlaceLink } from './PlaceLink';
import type { Place } from './search';

export function TypeList({ schema, place }: { schema: GraphQLSchema; place: Place }) {
  const groups = useMemo(() => groupTypes(schema), [schema]);
  return (
    <nav class="docs-list" aria-label="Types">
      {groups.map((group) => (
        <section key={group.title}>
          <h3>{group.title}</h3>
          <ul>
            {group.types.map((type) => (
              <li key={type.name}>
                <PlaceLink place={{ type: type.name }} current={type.name === place.type}>
                  {type.name}
                </PlaceLink>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}
