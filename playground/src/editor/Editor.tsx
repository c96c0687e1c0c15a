import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, isolateHistory } from '@codemirror/commands';
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentUnit } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder,
} from '@codemirror/view';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { findKey } from './find';
import { editorTheme } from './theme';

export interface EditorProps {
  label: string;
  /** The text now. Read whenever the parent renders, and compared with what is in the editor. */
  text: () => string;
  /** Language, linting, key bindings. Read once, when the editor is made. */
  extensions: Extension;
  readOnly?: boolean;
  hint?: string;
  /** Another document: the undo history, cursor and scrolling of the last one are dropped. */
  documentKey?: string;
  onChange?: (value: string) => void;
  onCursor?: (offset: number) => void;
  onReady?: (view: EditorView) => void;
  /** The text was replaced, and not by typing. */
  onText?: (view: EditorView) => void;
}

const shared: Extension = [
  lineNumbers(),
  codeFolding(),
  foldGutter({ openText: '▾', closedText: '▸' }),
  drawSelection(),
  bracketMatching(),
  indentUnit.of('  '),
  findKey,
  editorTheme,
];

const writable: Extension = [
  history(),
  closeBrackets(),
  autocompletion({ icons: false }),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...lintKeymap]),
];

const fixed: Extension = [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping];

/** One CodeMirror editor in a shadow root of its own, where its style sheets need no inline style. */
export function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  const makeState = (text: string) =>
    EditorState.create({
      doc: text,
      extensions: [
        props.extensions,
        shared,
        props.readOnly ? fixed : writable,
        keymap.of([...foldKeymap, ...defaultKeymap]),
        props.hint ? placeholder(props.hint) : [],
        EditorView.contentAttributes.of({ 'aria-label': props.label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          if (update.docChanged || update.selectionSet) latest.current.onCursor?.(update.state.selection.main.head);
        }),
      ],
    });

  useLayoutEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' });
    const view = new EditorView({ state: makeState(props.text()), parent: root, root });
    editor.current = view;
    props.onReady?.(view);
    return () => view.destroy();
  }, []);

  const shownKey = useRef(props.documentKey);
  useLayoutEffect(() => {
    const view = editor.current!;
    if (shownKey.current !== props.documentKey) {
      shownKey.current = props.documentKey;
      view.setState(makeState(props.text()));
      view.scrollDOM.scrollTo(0, 0);
      latest.current.onCursor?.(0);
      latest.current.onReady?.(view);
    } else {
      const text = props.text();
      if (text === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: isolateHistory.of('full'),
      });
      latest.current.onText?.(view);
    }
  });

  return <div class="editor" ref={host} />;
}
