import { StateEffect, type Extension } from '@codemirror/state';
import { keymap, type EditorView } from '@codemirror/view';

/** Find in an editor. Its code is fetched on first use. */
export const findKey: Extension = keymap.of([{ key: 'Mod-f', run: (view) => (void find(view), true), preventDefault: true }]);

async function find(view: EditorView): Promise<void> {
  const { openSearchPanel, search, searchKeymap, searchPanelOpen } = await import('@codemirror/search');
  if (!searchPanelOpen(view.state)) {
    view.dispatch({ effects: StateEffect.appendConfig.of([search({ top: true }), keymap.of(searchKeymap)]) });
  }
  openSearchPanel(view);
}
