import { groupExamples } from './examples';
import { activeTab, examples, openQuery } from './session';
import { closeIfCovering } from './view';

export function ExampleList() {
  if (examples.value.length === 0) {
    return <p class="library-empty">This server brought no examples.</p>;
  }
  const shown = activeTab.value.query;
  return (
    <div class="library-list" id="example-list" tabIndex={-1}>
      {groupExamples(examples.value).map(([group, members]) => (
        <section key={group}>
          <h3>{group}</h3>
          <ul>
            {members.map((example) => (
              <li key={example.name}>
                <button
                  type="button"
                  class="card"
                  data-example={example.name}
                  aria-current={example.query === shown ? 'true' : undefined}
                  onClick={() => {
                    openQuery(example.query, example.variables, example.title);
                    closeIfCovering();
                  }}
                >
                  <strong>{example.title}</strong>
                  {example.description && <span>{example.description}</span>}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
