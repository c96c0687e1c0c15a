import { isListType, isNonNullType, type GraphQLType } from 'graphql';
import { PlaceLink } from './PlaceLink';

/** A type as written in a schema, [Episode!]!, with its name a link. */
export function TypeLink({ type }: { type: GraphQLType }) {
  if (isNonNullType(type)) {
    return (
      <>
        <TypeLink type={type.ofType as GraphQLType} />!
      </>
    );
  }
  if (isListType(type)) {
    return (
      <>
        [<TypeLink type={type.ofType as GraphQLType} />]
      </>
    );
  }
  return (
    <PlaceLink class="type-link" place={{ type: type.name }}>
      {type.name}
    </PlaceLink>
  );
}
