import {
  isAbstractType, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isScalarType,
  type GraphQLNamedType, type GraphQLSchema,
} from 'graphql';
import { useEffect } from 'preact/hooks';
import { kindOf } from './groups';
import { MemberRow, type Member } from './MemberRow';
import { PlaceLink } from './PlaceLink';
import { Prose } from './Prose';
import { roleHint } from './roles';
import { RoleTag } from './RoleTag';
import { usesOf } from './uses';
import { writePlace } from './place';

interface TypePageProps {
  schema: GraphQLSchema;
  type: GraphQLNamedType;
  member: string | undefined;
}

export function TypePage({ schema, type, member }: TypePageProps) {
  useEffect(() => {
    const target = member ? document.getElementById(`member-${member}`) : document.getElementById('docs-page');
    if (member) target?.scrollIntoView({ block: 'center' });
    else target?.scrollTo({ top: 0 });
  }, [type, member]);
  const members = membersOf(type);
  return (
    <>
      <h1>
        {type.name} <span class="kind">{kindOf(type)}</span> <RoleTag role={roleHint(type.description)} />
      </h1>
      <Prose text={type.description} />
      {isScalarType(type) && type.specifiedByURL && (
        <p class="spec">
          Specified by <code>{type.specifiedByURL}</code>
        </p>
      )}
      {(isObjectType(type) || isInterfaceType(type)) && <Names title="Implements" types={type.getInterfaces()} />}
      {isAbstractType(type) && <Names title="One of" types={schema.getPossibleTypes(type)} />}
      {members.length > 0 && <h2>{isEnumType(type) ? 'Values' : 'Fields'}</h2>}
      {members.map((item) => (
        <MemberRow key={item.name} type={type.name} member={item} current={item.name === member} />
      ))}
      <Uses schema={schema} type={type} />
    </>
  );
}

function membersOf(type: GraphQLNamedType): Member[] {
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) return Object.values(type.getFields());
  return isEnumType(type) ? [...type.getValues()] : [];
}

function Names({ title, types }: { title: string; types: readonly GraphQLNamedType[] }) {
  if (types.length === 0) return null;
  return (
    <p class="names">
      <span class="dim">{title}</span>
      {types.map((type) => (
        <PlaceLink class="type-link" key={type.name} place={{ type: type.name }}>
          {type.name}
        </PlaceLink>
      ))}
    </p>
  );
}

function Uses({ schema, type }: { schema: GraphQLSchema; type: GraphQLNamedType }) {
  const uses = usesOf(schema, type.name);
  if (uses.length === 0) return null;
  return (
    <>
      <h2>Used by</h2>
      <p class="names">
        {uses.map((place) => (
          <PlaceLink class="type-link" key={writePlace(place)} place={place}>
            {writePlace(place)}
          </PlaceLink>
        ))}
      </p>
    </>
  );
}
