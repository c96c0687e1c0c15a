import { useMemo, useState } from 'preact/hooks';
import { depth, route } from '../app/route';
import { Icon } from '../app/Icon';
import { Split } from '../app/Split';
import { schemaState } from '../schema/state';
import '../styles/docs.css';
import { readPlace } from './place';
import { SearchResults } from './SearchResults';
import { indexSchema, search } from './search';
import { TypeList } from './TypeList';
import { TypePage } from './TypePage';

/** The schema as a book: search and the list of types on the left, one type on the right. */
export function DocsPanel() {
  const state = schemaState.value;
  const { schema } = state;
  const [question, setQuestion] = useState('');
  const entries = useMemo(() => (schema ? indexSchema(schema) : []), [schema]);
  const found = useMemo(() => search(entries, question), [entries, question]);
  if (!schema) {
    return (
      <div class="empty" role="status">
        <strong>{state.kind === 'failed' ? 'There is no schema to show' : 'Reading the schema…'}</strong>
        {state.kind === 'failed' && <p>{state.message}</p>}
      </div>
    );
  }
  const place = (route.value.panel === 'docs' && readPlace(route.value.rest)) || { type: schema.getQueryType()!.name };
  const type = schema.getType(place.type);
  return (
    <Split id="docs" label="Resize list and page" direction="side" initial={25} min={15} max={60}>
      <div class="docs-side">
        <div class="docs-search">
          <Icon name="search" />
          <input
            class="field"
            id="docs-search"
            type="search"
            placeholder="Search types and fields"
            aria-label="Search types and fields"
            autocomplete="off"
            spellcheck={false}
            value={question}
            onInput={(event) => setQuestion(event.currentTarget.value)}
          />
        </div>
        {question.trim() ? <SearchResults found={found} place={place} /> : <TypeList schema={schema} place={place} />}
      </div>
      <article class="docs-page" id="docs-page" tabIndex={0} aria-label={place.type}>
        <button class="button quiet small" id="docs-back" type="button" disabled={depth.value === 0} onClick={() => globalThis.history.back()}>
          <Icon name="back" />
          Back
        </button>
        {type ? <TypePage key={place.type} schema={schema} type={type} member={place.member} /> : <p>The schema has no type “{place.type}”.</p>}
      </article>
    </Split>
  );
}
