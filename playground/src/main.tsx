import { render } from 'preact';
import { App } from './app/App';
import './app/theme';
import { loadExamples, requestHeaders } from './query/session';
import { reloadSchema } from './schema/state';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/query.css';
import './styles/trace.css';

render(<App />, document.getElementById('app')!);
void loadExamples();
void reloadSchema(requestHeaders);
