import { astFromValue, print, type GraphQLArgument, type GraphQLInputType, type GraphQLType } from 'graphql';
import { PlaceLink } from './PlaceLink';
import { Prose } from './Prose';
import { roleHint } from './roles';
import { RoleTag } from './RoleTag';
import { TypeLink } from './TypeLink';

/** What fields, input fields and enum values have in common. */
export interface Member {
  name: string;
  description?: string | null | undefined;
  deprecationReason?: string | null | undefined;
  type?: GraphQLType;
  args?: readonly GraphQLArgument[];
  defaultValue?: unknown;
}

export function MemberRow({ type, member, current }: { type: string; member: Member; current: boolean }) {
  return (
    <section class={`member ${current ? 'current' : ''} ${member.deprecationReason ? 'deprecated' : ''}`} id={`member-${member.name}`}>
      <h3>
        <PlaceLink class="member-name" place={{ type, member: member.name }} current={current}>
          {member.name}
        </PlaceLink>
        {member.type && (
          <code>
            <TypeLink type={member.type} />
            <Default of={member} />
          </code>
        )}
        <RoleTag role={roleHint(member.description)} />
      </h3>
      <Prose text={member.description} />
      {member.deprecationReason && (
        <div class="deprecation">
          <strong>Deprecated.</strong> <Prose text={member.deprecationReason} />
        </div>
      )}
      {member.args && member.args.length > 0 && (
        <dl class="arguments">
          {member.args.map((argument) => (
            <div key={argument.name}>
              <dt>
                <code>
                  {argument.name}: <TypeLink type={argument.type} />
                  <Default of={argument} />
                </code>
              </dt>
              <dd>
                <Prose text={argument.description} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Default({ of: { type, defaultValue } }: { of: { type?: GraphQLType; defaultValue?: unknown } }) {
  if (defaultValue === undefined || !type) return null;
  const node = astFromValue(defaultValue, type as GraphQLInputType);
  return node ? <span class="dim"> = {print(node)}</span> : null;
}
